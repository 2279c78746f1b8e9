import assert from "node:assert/strict";
import { parseEnvelope } from "../../../../src/core/queue/envelope.ts";
import type { World } from "./world.ts";

const FOLDERS = ["incoming", "processing", "outgoing", "dead-letter"];

/** Nothing lies about that is half a message, whatever happened a moment ago. */
export function checkFiles({ disk }: World): void {
  assert.deepEqual(disk.names("queue/corrupt"), [], "a message of the bot's own was found corrupt");
  for (const folder of FOLDERS) {
    for (const name of disk.names(`queue/${folder}`)) {
      const bytes = disk.find(`queue/${folder}/${name}`)?.data ?? Buffer.alloc(0);
      if (name.endsWith(".why")) continue;
      assert.equal(parseEnvelope(bytes).status, "ok", `${folder}/${name} cannot be read`);
    }
  }
}

/** Each message is where it was promised to be, once. For a world that is open and has settled. */
export function checkPlaces(world: World): void {
  checkFiles(world);
  assert.deepEqual(world.leftovers(), [], "files of an earlier process lie in tmp");
  const [incoming, processing, outgoing, dead] = FOLDERS.map((folder) => counted(world.keysIn(folder)));
  const inWork = new Set([...(world.agent?.works.values() ?? [])].map(({ key }) => key));
  for (const page of world.book.pages) {
    const { key } = page;
    const at = (folder: Map<string, number> | undefined): number => folder?.get(key) ?? 0;
    const places = { incoming: at(incoming), processing: at(processing), outgoing: at(outgoing), dead: at(dead) };
    const told = `${key} is in ${JSON.stringify(places)}, of which is known ${JSON.stringify(page)}`;
    const running = places.incoming + places.processing;
    assert.ok(running <= 1 && places.dead <= 1 && places.outgoing <= 1, told);
    assert.ok(running + places.dead <= 1, told);
    const sent = world.isSent(key);
    assert.ok(sent || !page.sent, told);
    if (sent) assert.equal(places.outgoing, 0, told);
    if (page.burial === "told") assert.deepEqual([places.dead, running, places.outgoing], [1, 0, 0], told);
    else if (inWork.has(key)) assert.equal(places.processing, 1, told);
    else if (page.committed || page.answer === "told") assert.deepEqual([running, places.dead], [0, 0], told);
    if (page.answer === "told" && !sent) assert.equal(places.outgoing, 1, told);
    if (page.stored !== undefined && !sent) assert.ok(running + places.dead + places.outgoing >= 1, told);
  }
}

/** Dead letters have a reason that can be read. */
export function checkReasons({ disk }: World): void {
  for (const name of disk.names("queue/dead-letter")) {
    if (name.endsWith(".why")) continue;
    const why = disk.find(`queue/dead-letter/${name}.why`)?.data;
    assert.ok(why, `${name} has no .why`);
    JSON.parse(why.toString("utf8"));
  }
}

/** Every message that was stored has come to its end. */
export function checkEnds(world: World): void {
  checkPlaces(world);
  checkReasons(world);
  for (const folder of ["incoming", "processing", "outgoing"]) assert.deepEqual(world.keysIn(folder), []);
  const dead = new Set(world.keysIn("dead-letter"));
  for (const { key, stored } of world.book.pages) {
    const sent = world.isSent(key);
    if (stored !== undefined) assert.ok(sent !== dead.has(key), `${key}: sent ${sent}, dead ${dead.has(key)}`);
  }
}

function counted(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
