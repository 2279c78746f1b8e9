import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import { heldBack, refusalOf, stage } from "./stage.ts";
import type { Got } from "./stage.ts";

const FOLDERS = { "/api/queue/dead-letter": "dead-letter", "/api/queue/corrupt": "corrupt" };

type Item = Readonly<Record<string, unknown>>;

function bodyOf({ status, text }: Got): { items: Item[]; more: boolean } {
  assert.equal(status, 200, text);
  return JSON.parse(text) as { items: Item[]; more: boolean };
}

for (const [path, folder] of Object.entries(FOLDERS)) {
  test(`${path} tells what lies there, and why`, async (t) => {
    const { dir, get } = await stage(t);
    const at = join(dir, "queue", folder);
    await mkdir(at, { recursive: true });
    const message = { messageId: "u1", message: "</script>" };
    const file = encodeEnvelope(message);
    await writeFile(join(at, "0000000000000002.5.u2.json"), "no json");
    await writeFile(join(at, "0000000000000001.5.u1.json"), file);
    await utimes(join(at, "0000000000000001.5.u1.json"), 1, 1.5);
    const why = { reason: "failed too often", attempts: 3, timestamp: 9 };
    await writeFile(join(at, "0000000000000001.5.u1.json.why"), `${JSON.stringify(why)}\n`);
    await writeFile(join(at, ".hidden"), "x");
    const { items, more } = bodyOf(await get(path));
    assert.equal(more, false);
    assert.deepEqual(items, [
      { name: "0000000000000001.5.u1.json", bytes: file.length, modified: 1_500, reason: why.reason, why, message },
      { ...items[1], name: "0000000000000002.5.u2.json", bytes: 7, reason: null, why: null, raw: "no json" },
    ]);
  });
}

test("an empty folder, and one that is not there, hold nothing", async (t) => {
  const { dir, get } = await stage(t);
  assert.equal((await get("/api/queue/corrupt")).text, '{"items":[],"more":false}');
  await mkdir(join(dir, "queue", "corrupt"), { recursive: true });
  assert.equal((await get("/api/queue/corrupt")).text, '{"items":[],"more":false}');
});

test("links, fifos and folders are told of, and neither followed nor opened", { timeout: 20_000 }, async (t) => {
  const { dir, get } = await stage(t);
  const at = join(dir, "queue", "corrupt");
  await mkdir(join(at, "c-folder"), { recursive: true });
  await writeFile(join(dir, "secret"), "SECRET");
  await symlink(join(dir, "secret"), join(at, "a-link"));
  await symlink(join(at, "nothing"), join(at, "b-dangling"));
  await promisify(execFile)("mkfifo", [join(at, "d-fifo"), join(at, "e.json.why")]);
  await writeFile(join(at, "e.json"), "{}");
  await symlink(join(dir, "secret"), join(at, "d-fifo.why"));
  const got = await get("/api/queue/corrupt");
  assert.doesNotMatch(got.text, /SECRET/);
  const { items } = bodyOf(got);
  assert.deepEqual(
    items.map(({ name, unfit, reason }) => [name, unfit, reason]),
    [
      ["a-link", "a symbolic link", null],
      ["b-dangling", "a symbolic link", null],
      ["c-folder", "a directory", null],
      ["d-fifo", "a fifo", null],
      ["e.json", undefined, null],
    ],
  );
});

test("a fifo with a waiting writer is left alone", { timeout: 20_000 }, async (t) => {
  const { dir, get } = await stage(t);
  const at = join(dir, "queue", "corrupt");
  await mkdir(at, { recursive: true });
  const fifo = join(at, "fifo");
  await promisify(execFile)("mkfifo", [fifo]);
  const writer = execFile("sh", ["-c", 'echo ready; exec 3>"$0"; echo opened', fifo]);
  let said = "";
  await new Promise<void>((resolve) => {
    writer.stdout?.on("data", (data: string) => {
      said += data;
      resolve();
    });
  });
  await get("/api/queue/corrupt");
  await get("/api/queue/corrupt");
  const ended = new Promise((resolve) => {
    writer.on("close", resolve);
  });
  writer.kill("SIGKILL");
  await ended;
  assert.equal(said, "ready\n");
});

test("of a large file the head is shown, and how much is missing", async (t) => {
  const { dir, get } = await stage(t);
  const at = join(dir, "queue", "corrupt");
  await mkdir(at, { recursive: true });
  await writeFile(join(at, "big"), `a${"ü".repeat(200_000)}`);
  await writeFile(join(at, "bytes"), Buffer.from([0xff, 0x00, 0xfe]));
  const { items } = bodyOf(await get("/api/queue/corrupt"));
  assert.deepEqual([items[0]?.["raw"], items[0]?.["cut"]], [`a${"ü".repeat(32_767)}`, 400_001 - 65_536]);
  assert.equal(items[1]?.["raw"], "\uFFFD\u0000\uFFFD");
});

test("names of any kind come back as they are", async (t) => {
  const { dir, get } = await stage(t);
  const at = join(dir, "queue", "corrupt");
  await mkdir(at, { recursive: true });
  const names = ['"quote".json', "<script>", "a b\nc", "x".repeat(255), "ü\u2028"].sort();
  for (const name of names) await writeFile(join(at, name), "[]");
  const { items } = bodyOf(await get("/api/queue/corrupt"));
  assert.deepEqual(
    items.map(({ name, raw }) => [name, raw]),
    names.map((name) => [name, "[]"]),
  );
});

test("the newest are shown, and whether there are more", async (t) => {
  const { dir, get } = await stage(t);
  const at = join(dir, "queue", "dead-letter");
  await mkdir(at, { recursive: true });
  for (let n = 0; n < 1_003; n += 1) await writeFile(join(at, `${String(n).padStart(16, "0")}.json`), "{}");
  const all = bodyOf(await get("/api/queue/dead-letter"));
  assert.deepEqual([all.items.length, all.more, all.items[0]?.["name"]], [1_000, true, "0000000000000003.json"]);
  const two = bodyOf(await get("/api/queue/dead-letter?n=2"));
  assert.deepEqual(
    [two.more, ...two.items.map(({ name }) => name)],
    [true, "0000000000001001.json", "0000000000001002.json"],
  );
  assert.deepEqual(refusalOf(await get("/api/queue/dead-letter?n=1001")), [400, "bad_parameter"]);
  assert.deepEqual(refusalOf(await get("/api/queue/dead-letter?name=..%2f..%2fetc")), [400, "bad_parameter"]);
});

test("a client that leaves ends the reading", async (t) => {
  const { dir, request } = await stage(t);
  const at = join(dir, "queue", "dead-letter");
  await mkdir(at, { recursive: true });
  for (let n = 0; n < 40; n += 1) await writeFile(join(at, `${n}.json`), "{}");
  const { sink, run } = await heldBack(await request("/api/queue/dead-letter"));
  sink.leave(new DashboardError("client_gone", "left"));
  sink.release();
  await assert.rejects(run, { code: "client_gone" });
});

test("a folder that cannot be read is a fault without its path", async (t) => {
  const { dir, get, logged } = await stage(t);
  await mkdir(join(dir, "queue"), { recursive: true });
  await writeFile(join(dir, "queue", "corrupt"), "a file");
  const got = await get("/api/queue/corrupt");
  assert.deepEqual(refusalOf(got), [500, "internal"]);
  assert.doesNotMatch(got.text, /queue|ENOTDIR/);
  assert.match(String(logged[0]?.fields["error"]), /ENOTDIR/);
});
