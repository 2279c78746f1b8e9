import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, truncate } from "node:fs/promises";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { JsonlWriter } from "../../../src/core/jsonl.ts";
import { parseCursor } from "../../../src/dashboard/tail/cursor.ts";
import type { Row, Skip, Slice } from "../../../src/dashboard/tail/stream.ts";
import { TestLog } from "../../core/queue/support.ts";
import { ALL, grows, handClock, lines, numbers, rest, started, temporaryFolder, texts } from "./support.ts";

test("the rows after a place are those written since", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 3));
  const stream = await started(t, { path });
  const head = stream.head();
  assert.deepEqual(await rest(stream, head), []);
  await appendFile(path, `${lines(4, 5)}{"n":`);
  assert.deepEqual(await rest(stream, head), numbers(4, 5));
  // Nothing has a turn between the two: no notice comes.
  appendFileSync(path, `6}\nno json\n`);
  const slice = await stream.after(head, ALL);
  assert.deepEqual(texts(slice), numbers(4, 5), "what was not looked for is not told");
  assert.deepEqual(await rest(stream, slice.last), ['{"n":6}', "no json"]);
});

test("a slice keeps its limits, and its last place goes on without a hole or a repeat", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 100));
  for (const limit of [
    { rows: 7, bytes: 1e6 },
    { rows: 1e6, bytes: 50 },
    { rows: 1e6, bytes: 1 },
    { ...ALL, scan: 60 },
  ]) {
    const stream = await started(t, { path });
    const found: string[] = [];
    let slice = await stream.after(undefined, limit);
    for (; ; slice = await stream.after(slice.last, limit)) {
      assert.ok(slice.items.length > 0 && slice.items.length < 10);
      found.push(...texts(slice));
      if (!slice.more) break;
    }
    assert.deepEqual(found, numbers(1, 100));
  }
});

test("a filter that matches nothing still gets on", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 100));
  const stream = await started(t, { path });
  const none = await stream.after(undefined, ALL, () => false);
  assert.deepEqual([none.items, none.last, none.more], [[], stream.head(), false]);
  const part = await stream.before(undefined, { ...ALL, scan: 100 }, () => false);
  assert.deepEqual([part.items, part.more], [[], true]);
  const [newest] = texts(await stream.before(part.first, { ...ALL, rows: 1 }));
  // The hundredth row has 10 bytes and those before it 9.
  assert.equal(newest, '{"n":89}');
});

test("the last rows that match are found over rolled files, and the tail goes on from where it was taken", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  const writer = await JsonlWriter.open(path, { maxBytes: 200 });
  for (let n = 1; n <= 300; n += 1) await writer.append({ n });
  const stream = await started(t, { path, rolled: "jsonl" });
  const even = (row: Row): boolean => (row.record as { n: number }).n % 50 === 0;
  const slice = await stream.tail(4, even);
  assert.deepEqual(texts(slice), ['{"n":150}', '{"n":200}', '{"n":250}', '{"n":300}']);
  for (let n = 301; n <= 350; n += 1) await writer.append({ n });
  await writer.close();
  await stream.look();
  assert.deepEqual(texts(await stream.after(slice.last, ALL, even)), ['{"n":350}']);
  assert.deepEqual(texts(await stream.tail(1000)), numbers(1, 350));
  assert.ok(stream.status().generations > 10);
});

test("rows read backward are those read forward, cursor for cursor", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  let text = "";
  for (let n = 0; n < 20_000; n += 1)
    text += `${n}${"é".repeat((n * 7) % 40)}${n % 5000 === 0 ? "x".repeat(150_000) : ""}\n`;
  await writeFile(path, `${text}\n\n`);
  const stream = await started(t, { path });
  const forward = await stream.after(undefined, ALL);
  const backward = await stream.before(undefined, ALL);
  assert.equal(forward.items.length, 20_000);
  const told = ({ items }: Slice): unknown =>
    items.map((item) => ("gap" in item ? item : { cursor: item.cursor, text: item.text, cut: item.cut }));
  assert.deepEqual(told(backward), told(forward));
  assert.equal(backward.last, forward.last);
});

test("a match that says stop ends the slice", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 100));
  const stream = await started(t, { path });
  const slice = await stream.tail(10, (row) => (row.text === '{"n":97}' ? "stop" : true));
  assert.deepEqual([texts(slice), slice.more], [numbers(98, 100), false]);
});

test("a folder, a file and its first line may come later", async (t) => {
  const path = join(await temporaryFolder(t), "not", "yet", "a.jsonl");
  const stream = await started(t, { path, clock: systemClock, pollMs: 20 });
  assert.deepEqual(await stream.tail(5), { items: [], first: undefined, last: undefined, more: false });
  assert.deepEqual([stream.head(), stream.status().exists], [undefined, false]);
  const grown = grows(stream);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines(1, 2));
  await grown;
  assert.deepEqual(texts(await stream.after(undefined, ALL)), numbers(1, 2));
  assert.deepEqual(stream.status(), { generations: 1, size: 16, exists: true });
});

test("the poll sees what no notice tells: here, a folder that was replaced", async (t) => {
  const folder = join(await temporaryFolder(t), "a");
  const path = join(folder, "a.jsonl");
  await mkdir(folder);
  await writeFile(path, lines(1, 1));
  const stream = await started(t, { path, clock: systemClock, pollMs: 20 });
  await rename(folder, `${folder}.old`);
  await mkdir(folder);
  const grown = grows(stream);
  await writeFile(path, lines(2, 2));
  await grown;
  assert.deepEqual(texts(await stream.tail(1)), numbers(2, 2));
});

test("a notice saves the wait for the poll", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, "");
  const stream = await started(t, { path, clock: systemClock, pollMs: 3_600_000 });
  const grown = grows(stream);
  await appendFile(path, lines(1, 1));
  await grown;
});

test("one who is slow and one who is quick get the same rows from one reader", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(0, 0));
  const stream = await started(t, { path, clock: systemClock, ringBytes: 10_000 });
  const head = stream.head();
  const follow = async (rows: number, pauseMs: number): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor = head; found.at(-1) !== '{"n":5000}';) {
      const slice = await stream.after(cursor, { ...ALL, rows });
      cursor = slice.last;
      found.push(...texts(slice));
      if (!slice.more) await systemClock.sleep(pauseMs);
    }
    return found;
  };
  const followers = [follow(10, 1), follow(1000, 20), follow(37, 5)];
  for (let n = 1; n <= 5000; n += 100) {
    await appendFile(path, lines(n, n + 99));
    await new Promise(setImmediate);
  }
  for (const found of await Promise.all(followers)) assert.deepEqual(found, numbers(1, 5000));
});

test("the last thousand rows of a huge file are found without reading it", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, "");
  await truncate(path, 1024 ** 3);
  await appendFile(path, `\n${lines(1, 2000)}`);
  const stream = await started(t, { path });
  const read = async (): Promise<number> => Number(/rchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8"))?.[1]);
  const before = await read();
  assert.deepEqual(texts(await stream.tail(1000)), numbers(1001, 2000));
  assert.ok((await read()) - before < 300_000);
});

test("a call whose signal aborts ends with its reason, though a filter has it read everything", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 200_000));
  const stream = await started(t, { path });
  const limit = { ...ALL, signal: AbortSignal.timeout(1) };
  await assert.rejects(
    stream.before(undefined, limit, () => false),
    { name: "TimeoutError" },
  );
  await assert.rejects(
    stream.after(undefined, limit, () => false),
    { name: "TimeoutError" },
  );
});

test("nothing is opened for writing, and nothing stays open", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const opened = async (): Promise<number[]> => {
    const modes: number[] = [];
    for (const fd of await readdir("/proc/self/fd")) {
      // What is read and closed meanwhile has no entry any more.
      const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
      const info = await readFile(`/proc/self/fdinfo/${fd}`, "utf8").catch(() => "");
      const flags = /flags:\s+(\d+)/.exec(info)?.[1];
      if (target.startsWith(folder) && flags !== undefined) modes.push(Number.parseInt(flags, 8) & 3);
    }
    return modes;
  };
  await writeFile(join(folder, "a.1.jsonl"), lines(1, 5));
  await writeFile(path, lines(6, 9));
  const { mtimeMs } = await stat(path);
  const stream = await started(t, { path, rolled: "jsonl" });
  const reading = stream.tail(100);
  const modes = await opened();
  assert.ok(modes.length > 0 && modes.every((mode) => mode === 0));
  await reading;
  assert.deepEqual(await opened(), [0], "the file that grows, read-only");
  await rename(path, join(folder, "a.2.jsonl"));
  await writeFile(path, lines(10, 11));
  await stream.look();
  assert.deepEqual(await opened(), [0]);
  await stream.close();
  await stream.close();
  assert.deepEqual(await opened(), []);
  assert.equal((await stat(join(folder, "a.2.jsonl"))).mtimeMs, mtimeMs);
  assert.deepEqual((await readdir(folder)).sort(), ["a.1.jsonl", "a.2.jsonl", "a.jsonl"]);
});

test("a closed stream and a text that is no cursor are refused", async (t) => {
  const stream = await started(t, { path: join(await temporaryFolder(t), "a.jsonl") });
  await assert.rejects(stream.after("not a cursor", ALL), { code: "bad_cursor" });
  await assert.rejects(stream.before("", ALL), { code: "bad_cursor" });
  await stream.close();
  await assert.rejects(stream.tail(1), { code: "stream_closed" });
});

test("what is no file is as good as none", async (t) => {
  const folder = await temporaryFolder(t);
  const log = new TestLog();
  await mkdir(join(folder, "a.jsonl"));
  const stream = await started(t, { path: join(folder, "a.jsonl"), log });
  for (let n = 0; n < 3; n += 1) await stream.look();
  assert.equal(stream.status().exists, false);
  assert.deepEqual(log.lines, []);
  await rm(join(folder, "a.jsonl"), { recursive: true });
  await symlink("/dev/stdin", join(folder, "a.jsonl"));
  await stream.look();
  assert.deepEqual(texts(await stream.tail(1)), []);
});

test("the event loop is free while a large file is read", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 300_000));
  const stream = await started(t, { path, clock: handClock });
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  let done = false;
  setImmediate(count);
  await stream.tail(1, () => false);
  done = true;
  // 4 MB in blocks of 64 KiB.
  assert.ok(turns >= 60, `${turns} turns`);
});

test("rows that cannot be wanted are skipped; a place that the file does not hold is not gone to", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, lines(1, 100_000));
  const stream = await started(t, { path, ringBytes: 1000 });
  const middle = (await stream.after(undefined, { ...ALL, rows: 50_000 })).last;
  const place = parseCursor(middle ?? "");
  assert.ok(place);
  for (const direction of ["after", "before"] as const) {
    for (const wrong of [false, true]) {
      let forgotten = 0;
      const skip: Skip = {
        to: (_gen, offset) => {
          const isAhead = direction === "after" ? offset < place.offset : offset > place.offset;
          return isAhead && forgotten === 0 ? { ...place, check: place.check + (wrong ? 1 : 0) } : undefined;
        },
        forget: () => {
          forgotten += 1;
        },
      };
      const { items } = await stream[direction](undefined, { ...ALL, skip });
      // What memory holds is given from there.
      assert.ok(wrong ? items.length === 100_000 : items.length < 60_000, `${direction} ${items.length}`);
      assert.ok(wrong || items.length >= 50_000);
      assert.equal(forgotten, wrong ? 1 : 0);
    }
  }
});

test("two reads go on while a listener is at an earlier one, and none waits for it longer than a moment", async (t) => {
  // On a loaded machine a read may last as long as a wait.
  for (let attempt = 1; ; attempt += 1) {
    const folder = await temporaryFolder(t);
    const path = join(folder, "a.jsonl");
    const stream = await started(t, { path, clock: systemClock });
    const readAt: number[] = [];
    stream.onGrown(() => {
      readAt.push(performance.now());
      return new Promise(() => undefined);
    });
    await writeFile(join(folder, "new"), `${"x".repeat(1023)}\n`.repeat(1024));
    await rename(join(folder, "new"), path);
    await stream.look();
    assert.ok(readAt.length >= 4, `${readAt.length} reads`);
    const waits = readAt.slice(1).map((at, n) => at - (readAt[n] ?? at));
    const [first = 0, second = 0, third = 0] = waits;
    assert.ok(third >= 49, `the third was held back for ${third} ms`);
    if (first < 40 && second < 40 && third < 2000) return;
    assert.ok(attempt < 10, `they went on after ${first}, ${second} and ${third} ms`);
  }
});
