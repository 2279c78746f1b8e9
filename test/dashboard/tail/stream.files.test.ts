import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { appendFile, copyFile, mkdir, open, readdir, readFile, rename, rm, symlink, truncate } from "node:fs/promises";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ALL, handClock, lines, numbers, rest, started, temporaryFolder, texts } from "./support.ts";

test("a cursor outlives the reader, a rotation and the copy of its file", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  await writeFile(path, lines(1, 5));
  const first = await started(t, { path, rolled: "jsonl" });
  const { last } = await first.after(undefined, { ...ALL, rows: 3 });
  await first.close();
  await rename(path, join(folder, "a.1.jsonl"));
  await writeFile(path, lines(6, 7));
  assert.deepEqual(await rest(await started(t, { path, rolled: "jsonl" }), last), numbers(4, 7));
  // A backup that was played back: other inodes, the same bytes.
  const other = await temporaryFolder(t);
  for (const name of await readdir(folder)) await writeFile(join(other, name), await readFile(join(folder, name)));
  assert.deepEqual(
    await rest(await started(t, { path: join(other, "a.jsonl"), rolled: "jsonl" }), last),
    numbers(4, 7),
  );
});

test("a cursor whose data is gone gives a gap, and then the oldest row", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const stamped = (n: number): string => `{"timestamp":${1_760_000_000_000 + n}}\n`;
  await writeFile(path, stamped(1));
  const first = await started(t, { path, rolled: "jsonl" });
  const cursor = first.head();
  await first.close();
  // Before the old file goes, so that none is given its inode.
  await writeFile(join(folder, "a.2.jsonl"), stamped(2));
  await writeFile(join(folder, "fresh"), stamped(3));
  await rename(join(folder, "fresh"), path);
  const stream = await started(t, { path, rolled: "jsonl" });
  const expected = ["(deleted)", stamped(2).trim(), stamped(3).trim()];
  assert.deepEqual(await rest(stream, cursor), expected);
  assert.deepEqual(await rest(stream, "of:another-program"), expected);
  const { items } = await stream.after(cursor, ALL);
  assert.ok(items[0] !== undefined && "gap" in items[0] && items[0].gap.from === cursor);
  assert.deepEqual(await rest(stream, items[0].gap.to), expected.slice(1), "the gap's end is a place");
  assert.deepEqual(texts(await stream.before(cursor, ALL)), ["(deleted)"]);
});

test("rows that were rolled before a file that was cut are not told again", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const stamped = (n: number): string => `{"timestamp":${1_760_000_000_000 + n}}\n`;
  await writeFile(join(folder, "a.1.jsonl"), stamped(1));
  await writeFile(path, stamped(2));
  const first = await started(t, { path, rolled: "jsonl" });
  const cursor = first.head();
  await first.close();
  await rm(path);
  await writeFile(path, stamped(3));
  const stream = await started(t, { path, rolled: "jsonl" });
  assert.equal((await rest(stream, cursor)).at(-1), stamped(3).trim());
  assert.equal((await rest(stream, cursor)).length, 2);
  assert.deepEqual(texts(await stream.before(cursor, ALL))[0], stamped(1).trim());
});

test("a file that was cut and has grown past the place is not taken for the old one", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  // Lines that end alike, of one length.
  const line = (n: number): string => `${n} ${"x".repeat(100)}\n`;
  await writeFile(path, line(1));
  const stream = await started(t, { path });
  const head = stream.head();
  await writeFile(path, line(2));
  assert.deepEqual(await rest(stream, head), ["(truncated)", line(2).trim()]);
  await stream.close();
  await writeFile(path, `${line(3)}${line(4)}`);
  assert.deepEqual(await rest(await started(t, { path }), head), ["(truncated)", line(3).trim(), line(4).trim()]);
});

test("a file that begins as before, and goes on differently, is not taken for the old one", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  await writeFile(path, "header\none\ntwo\n");
  const first = await started(t, { path });
  const head = first.head();
  await first.close();
  await writeFile(path, "header\nuno\ndos\ntres\n");
  const stream = await started(t, { path });
  assert.deepEqual(await rest(stream, head), ["(truncated)", "header", "uno", "dos", "tres"]);
  const second = stream.head();
  // A line ends where one ended in the first.
  await writeFile(path, "header\neno\ntoo\n");
  assert.deepEqual(await rest(stream, second), ["(truncated)", "header", "eno", "too"]);
  assert.deepEqual(await rest(stream, head), ["(truncated)", "header", "eno", "too"]);
});

test("what is written to the old file until the writer has moved on comes before the new file", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  const old = await open(path, "a");
  t.after(() => old.close());
  await old.write("1\n");
  const stream = await started(t, { path });
  const head = stream.head();
  await rename(path, `${path}.1`);
  await writeFile(path, "");
  await old.write("2\n");
  assert.deepEqual(await rest(stream, head), ["2"]);
  await old.write("3\n4");
  await appendFile(path, "5\n");
  assert.deepEqual(await rest(stream, head), ["2", "3", "4", "5"]);
});

test("rows of a deleted file are told from memory; what memory has not is a gap of so many bytes", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, "");
  const stream = await started(t, { path, ringBytes: 1000 });
  await appendFile(path, lines(1, 9));
  await stream.look();
  const { last } = await stream.after(undefined, { ...ALL, rows: 1 });
  await rm(path);
  assert.deepEqual(await rest(stream, last), numbers(2, 9), "still open");
  await writeFile(path, lines(10, 11));
  await stream.look();
  const { items } = await stream.after(last, ALL);
  assert.deepEqual(texts({ items, first: "", last: "", more: false }), [
    "(deleted)",
    ...numbers(5, 9),
    "(deleted)",
    ...numbers(10, 11),
  ]);
  assert.ok(items[0] !== undefined && "gap" in items[0] && items[0].gap.bytes === 3 * 8);
  assert.deepEqual(texts(await stream.tail(99)).slice(-8), [...numbers(5, 9), "(deleted)", ...numbers(10, 11)]);
});

test("a link that moves to the next of pino-roll's files is followed, and its folder is the history", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "queue.log");
  await mkdir(join(folder, "queue"));
  const file = async (name: string, text: string, at: number): Promise<void> => {
    await appendFile(join(folder, "queue", name), text);
    await utimes(join(folder, "queue", name), at, at);
  };
  const point = async (name: string): Promise<void> => {
    await symlink(`queue/${name}`, join(folder, "fresh"));
    await rename(join(folder, "fresh"), path);
  };
  await file("queue.1", "1\n", 1_700_000_000);
  await file("queue.2", "2\n", 1_700_000_001);
  await point("queue.2");
  const stream = await started(t, { path, rolled: "pino" });
  const head = stream.head();
  assert.deepEqual(texts(await stream.tail(9)), ["1", "2"]);
  await file("queue.3", "4\n", 1_700_000_003);
  await file("queue.2", "3\n", 1_700_000_002);
  await point("queue.3");
  assert.deepEqual(await rest(stream, head), ["3", "4"]);
  // Begun anew on another day, pino-roll goes on in the file that bears number 1.
  await file("queue.1", "5\n", 1_700_000_004);
  await point("queue.1");
  assert.deepEqual(await rest(stream, head), ["3", "4", "5"]);
});

test("what a copy of a file that was cut holds beyond what was read comes before the gap", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  await writeFile(path, lines(1, 2));
  const stream = await started(t, { path });
  const head = stream.head();
  await appendFile(path, lines(3, 4));
  await copyFile(path, `${path}.1`);
  await truncate(path);
  await appendFile(path, lines(6, 7));
  assert.deepEqual(await rest(stream, head), [...numbers(3, 4), "(truncated)", ...numbers(6, 7)]);
  assert.deepEqual(texts(await stream.tail(9)), [...numbers(1, 4), "(truncated)", ...numbers(6, 7)]);
  await stream.close();
  // Another reader does not know that there was a cut, but for who has a place in the file that was.
  const next = await started(t, { path });
  assert.deepEqual(await rest(next, head), [...numbers(3, 4), "(truncated)", ...numbers(6, 7)]);
});

test("what of a file begins only when it was cut is told when the rest comes", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  await writeFile(path, "begun");
  const stream = await started(t, { path });
  await writeFile(path, "other\n");
  assert.deepEqual(await rest(stream), ["(truncated)", "other"]);
});

test("a copy is not taken for a file that came later", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  await writeFile(path, lines(1, 2));
  const stream = await started(t, { path });
  const head = stream.head();
  await copyFile(path, `${path}.1`);
  await truncate(path);
  await rm(path);
  await writeFile(path, lines(3, 3));
  assert.deepEqual(await rest(stream, head), ["(deleted)", ...numbers(3, 3)]);
});

test("a gap before a file without a row is told before the next", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  await writeFile(path, lines(1, 1));
  const stream = await started(t, { path, rolled: "jsonl" });
  const head = stream.head();
  await rm(path);
  await writeFile(path, "\n\n");
  await stream.look();
  await rename(path, join(folder, "a.1.jsonl"));
  await writeFile(path, lines(2, 2));
  assert.deepEqual(await rest(stream, head), ["(deleted)", ...numbers(2, 2)]);
});

test("a file that was cut and filled again is seen though its size and its time say nothing", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  const now = new Date();
  await writeFile(path, "one\n");
  await utimes(path, now, now);
  const stream = await started(t, { path, clock: { ...handClock, now: () => now.getTime() } });
  const head = stream.head();
  await writeFile(path, "two\n");
  await utimes(path, now, now);
  assert.deepEqual(await rest(stream, head), ["(truncated)", "two"]);
});

test("a file under the same long head that goes on differently is not taken for the old one", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  const head = "=".repeat(300);
  await writeFile(path, `${head}\none\n`);
  const stream = await started(t, { path });
  const cursor = stream.head();
  await writeFile(path, `${head}\nuno\ndos\n`);
  assert.deepEqual(await rest(stream, cursor), ["(truncated)", head, "uno", "dos"]);
});

test("a file that was cut and written as before has places of the same names: the newest are meant", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  const text = `head\n${`${"x".repeat(100)}\n`.repeat(20)}`;
  await writeFile(path, text);
  const stream = await started(t, { path });
  const head = stream.head();
  await truncate(path);
  await stream.look();
  await appendFile(path, text);
  await stream.look();
  assert.equal(stream.head(), head);
  assert.deepEqual(await rest(stream, head), []);
  let cursor: string | undefined;
  let rows = 0;
  for (let more = true; more;) {
    const page = await stream.before(cursor, { ...ALL, rows: 5 });
    rows += texts(page).filter((told) => told !== "(truncated)").length;
    assert.ok(rows <= 21, "reading back does not end");
    ({ first: cursor, more } = page);
  }
  assert.equal(rows, 21);
});

test("a file that is cut all the time is given up, not read for ever", async (t) => {
  const path = join(await temporaryFolder(t), "a.log");
  let version = 0;
  const write = (): void => {
    version += 1;
    let text = "";
    for (let n = 0; n < 3000; n += 1) text += `${version} ${n} ${"x".repeat(90)} ${version}\n`;
    writeFileSync(path, text);
  };
  write();
  const stream = await started(t, { path, ringBytes: 1000 });
  let matched = 0;
  // Each time that something was read of it, the file is another.
  const match = (): boolean => {
    matched += 1;
    if (matched % 100 === 0 && version < 1000) write();
    return false;
  };
  await stream.after(undefined, ALL, match);
  assert.ok(version < 400, `${version} times`);
  version = 1;
  await stream.before(undefined, ALL, match);
  assert.ok(version < 400, `${version} times`);
});
