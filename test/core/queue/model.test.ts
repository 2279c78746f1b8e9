/** `node model.test.js N` plays N tapes, 10000 by default; so does the variable RUNS. SEED plays the same ones again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Disk } from "./model/disk.ts";
import type { Played, PlayerData } from "./model/player.ts";

const RUNS = Number(process.argv[2] ?? process.env["RUNS"] ?? 10_000);
const SEED = process.env["SEED"];
const PLAYERS = SEED === undefined ? 2 : 1;

async function play(workerData: PlayerData): Promise<Played> {
  const player = new Worker(new URL("model/player.js", import.meta.url), { workerData });
  const [played] = (await once(player, "message")) as [Played];
  return played;
}

test(`whatever stops the bot, each message has one end, in order: ${RUNS} tapes`, async () => {
  const first = SEED === undefined ? Date.now() % 2 ** 31 : Number(SEED);
  const runs = Math.ceil(RUNS / PLAYERS);
  const played = await Promise.all(Array.from({ length: PLAYERS }, (_, n) => play({ runs, seed: first + n })));
  for (const { failure } of played) if (failure !== undefined) assert.fail(failure);
  assert.ok(played.reduce((sum, { runs }) => sum + runs, 0) >= RUNS);
});

test("the disk of the model forgets names and bytes that were not synced, and no others", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) {
    const disk = new Disk();
    const folder = disk.create("queue", "folder");
    disk.sync(disk.root);
    const kept = disk.create("queue/kept", "file");
    disk.append(kept, Buffer.from("whole"), 0);
    disk.sync(kept);
    disk.sync(folder);
    disk.append(kept, Buffer.from("more"), 0);
    disk.move(kept, "queue/kept", "queue/moved");
    disk.link(kept, "queue/second");
    disk.failPower(seed);
    const names = disk.names("queue").filter((name) => name !== "second");
    assert.equal(names.length, 1);
    const text = disk.find(`queue/${names[0]}`)?.data.toString() ?? "";
    assert.match(text, /^whole(more|mor?|m)?\0{0,4}$/);
    seen.add([...disk.names("queue"), text].join(" "));
  }
  for (const state of ["kept whole", "moved whole", "kept second whole", "moved second wholemore"]) {
    assert.ok(seen.has(state), `${state} was not among ${[...seen].join(", ")}`);
  }
});
