import assert from "node:assert/strict";
import { appendFile, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Ledger, readEndings } from "../../../src/core/queue/ledger.ts";
import { ManualClock, temporaryFolder } from "./support.ts";
import { isOpen, watchSyncs } from "./syncs.ts";

const HOUR = 3_600_000;

async function setUp(t: TestContext): Promise<{ path: string; clock: ManualClock; open: () => Promise<Ledger> }> {
  const path = join(await temporaryFolder(t), "ledger.jsonl");
  const clock = new ManualClock();
  return { path, clock, open: () => Ledger.open({ path, clock }) };
}

test("a try without an ending counts as a crash, once for each", async (t) => {
  const { open } = await setUp(t);
  for (const crashes of [0, 1, 2]) {
    const ledger = await open();
    assert.deepEqual(ledger.attempts("k"), { failures: 0, crashes });
    assert.equal(ledger.crashed.has("k"), crashes > 0);
    await ledger.record("try", "k", 1);
    await ledger.close();
  }
});

test("failures count, releases do not, done and dead forget both", async (t) => {
  const { open } = await setUp(t);
  let ledger = await open();
  for (const key of ["a", "b", "c"]) {
    for (const event of ["try", "fail", "try", "release", "try", "fail"] as const) await ledger.record(event, key, 1);
  }
  await ledger.record("done", "b", 1);
  await ledger.record("dead", "c", 1);
  await ledger.close();
  ledger = await open();
  assert.deepEqual(ledger.attempts("a"), { failures: 2, crashes: 0 });
  assert.deepEqual(ledger.attempts("b"), { failures: 0, crashes: 0 });
  assert.deepEqual(ledger.attempts("c"), { failures: 0, crashes: 0 });
  assert.deepEqual(
    ["a", "b", "c"].map((key) => ledger.isOver(key, 1)),
    [false, true, false],
  );
  await ledger.close();
});

test("a finished key is remembered for 48 hours", async (t) => {
  const { path, clock, open } = await setUp(t);
  let ledger = await open();
  await ledger.record("done", "k", 1);
  await ledger.close();
  clock.advance(48 * HOUR);
  ledger = await open();
  assert.ok(ledger.isOver("k", undefined));
  assert.deepEqual([...(await readEndings(path)).keys()], ["k"]);
  await ledger.close();
  clock.advance(1);
  ledger = await open();
  assert.equal(ledger.isOver("k", undefined), false);
  await ledger.record("done", "l", 2);
  clock.advance(49 * HOUR);
  await ledger.record("done", "m", 3);
  assert.deepEqual([ledger.isOver("l", undefined), ledger.isOver("m", undefined)], [false, true]);
  await ledger.close();
});

test("a dead key is over for every number but its own, for 48 hours and until it is tried again", async (t) => {
  const { path, clock, open } = await setUp(t);
  let ledger = await open();
  await ledger.record("dead", "k", 7);
  await ledger.record("dead", "l", 8);
  await ledger.close();
  clock.advance(48 * HOUR);
  ledger = await open();
  const told = (key: string): boolean[] => [
    ledger.isOver(key, undefined),
    ledger.isOver(key, 9),
    ledger.isOver(key, 7),
  ];
  assert.deepEqual(told("k"), [true, true, false]);
  await ledger.record("try", "k", 7);
  assert.deepEqual(told("k"), [false, false, false]);
  await ledger.close();
  assert.deepEqual([...(await readEndings(path)).keys()], ["l"]);
  clock.advance(1);
  ledger = await open();
  assert.deepEqual(told("l"), [false, false, false]);
  await ledger.close();
});

test("what is known of a key whose file may lie about is kept however old it is, at open and later", async (t) => {
  const { path, clock, open } = await setUp(t);
  const first = await open();
  for (const key of ["held", "other"]) {
    await first.record("done", `${key}-done`, 1);
    for (const event of ["try", "fail"] as const) await first.record(event, `${key}-failed`, 2);
  }
  await first.close();
  clock.advance(1000 * HOUR);
  const isHeld = (key: string): boolean => key.startsWith("held");
  const second = await Ledger.open({ path, clock, isHeld });
  const known = (key: string): unknown[] => [
    second.isOver(`${key}-done`, 1),
    second.attempts(`${key}-failed`).failures,
  ];
  assert.deepEqual(
    [known("held"), known("other")],
    [
      [true, 1],
      [false, 0],
    ],
  );
  clock.advance(1000 * HOUR);
  await second.record("done", "k", 3);
  assert.deepEqual(known("held"), [true, 1]);
  await second.close();
});

test("what a rewrite that was killed has left beside the ledger is removed, and nothing else", async (t) => {
  const { path, open } = await setUp(t);
  const left = (name: string, id: string): string => join(dirname(path), `.${name}.${id}.tmp`);
  const id = "0b9e2f0c-3c1d-4f1a-9a7e-5d2c8b6a1f00";
  const ours = left("ledger.jsonl", id);
  const others = [left("sent.jsonl", id), left("ledger.jsonl", "mine"), left("ledger.jsonl.old", id), `${ours}~`];
  for (const file of [ours, ...others]) await writeFile(file, "half");
  await (await open()).close();
  const names = [...others.map((file) => basename(file)), "ledger.jsonl"].sort();
  assert.deepEqual((await readdir(dirname(path))).sort(), names);
});

test("an event counts, and is told as recorded, only when it is synced", async (t) => {
  const { path, open } = await setUp(t);
  const ledger = await open();
  const syncs = await watchSyncs(t, dirname(path));
  let sync = (): void => undefined;
  const begun = new Promise<void>((begin) => {
    syncs.before = () => {
      begin();
      return new Promise((resolve) => {
        sync = resolve;
      });
    };
  });
  const recorded = ledger.record("done", "k", 1);
  await Promise.race([begun, recorded]);
  assert.deepEqual(
    syncs.seen.map(({ call, on }) => [call, ...on]),
    [["datasync", "ledger.jsonl"]],
  );
  assert.match(syncs.seen[0]?.files["ledger.jsonl"] ?? "", /"key":"k","event":"done"/);
  assert.deepEqual([await isOpen(recorded), ledger.isOver("k", undefined)], [true, false]);
  sync();
  await recorded;
  assert.equal(ledger.isOver("k", undefined), true);
  await ledger.close();
});

test("torn and foreign lines are passed over, and the next record starts on a line of its own", async (t) => {
  const { path, open } = await setUp(t);
  await writeFile(path, '{"timestamp":1760000000000,"key":"a","event":"done"}\n[]\nnull\n{"timestamp":17600');
  let ledger = await open();
  assert.ok(ledger.isOver("a", undefined));
  await ledger.record("done", "b", 7);
  await ledger.close();
  await appendFile(path, '{"timestamp":1,"key":"c","event":"maybe"}\n');
  ledger = await open();
  assert.deepEqual(
    ["a", "b", "c"].map((key) => ledger.isOver(key, undefined)),
    [true, true, false],
  );
  await ledger.close();
});

test("a ledger that is mostly stale is rewritten at open, and says the same", async (t) => {
  const { path, clock, open } = await setUp(t);
  let ledger = await open();
  const firstTried = clock.now();
  await Promise.all(
    Array.from({ length: 400 }, async (_, n) => {
      for (const event of ["try", "fail", "try", "done"] as const) await ledger.record(event, `k${n}`, n);
    }),
  );
  for (const event of ["try", "fail", "try", "fail", "try"] as const) {
    await ledger.record(event, "open", 400);
    clock.advance(1);
  }
  await ledger.close();
  ledger = await open();
  await ledger.close();
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  assert.equal(lines.length, 400 + 3);
  ledger = await open();
  assert.ok(ledger.isOver("k0", undefined) && ledger.isOver("k399", undefined));
  assert.deepEqual(ledger.attempts("open"), { failures: 2, crashes: 1 });
  assert.equal(ledger.firstTried("open"), firstTried);
  await ledger.close();
});
