import assert from "node:assert/strict";
import { appendFile, readdir, readlink, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { matchOf } from "../../../src/dashboard/filter.ts";
import { search } from "../../../src/dashboard/scan/search.ts";
import type { SearchEvent } from "../../../src/dashboard/scan/search.ts";
import type { Slice } from "../../../src/dashboard/tail/stream.ts";
import { ALL, temporaryFolder, started, texts } from "../tail/support.ts";
import { everyTopic, found, message, oneStream, openPool } from "./support.ts";

/** How many descriptors of this process lead to the path. */
async function opened(path: string): Promise<number> {
  const targets = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return targets.filter((target) => target === path).length;
}

const NEVER = new AbortController().signal;

test("what a search finds is what a filter finds, cursor for cursor, the newest first", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  let text = "";
  for (let n = 0; n < 6000; n += 1) text += message(n, n % 5, `Größe ${n % 97 === 0 ? 'a "Needle"' : ""} ${n}`);
  await writeFile(join(folder, "a.1.jsonl"), `${text}${message(6000, 1, "a needLE").trim()}`);
  // A line of more than one chunk, one longer than is kept, one that is no JSON, and one that has just begun.
  const long = message(1, 1, `${"x".repeat(200_000)}needle`);
  await writeFile(path, `${long}\n\n${message(2, 1, "y".repeat(6_000_000))}no JSON: NEEDLE\r\n${text}needle begun`);
  const stream = await started(t, { path, rolled: "jsonl" });
  const pool = openPool(t);
  for (const q of [
    "needle",
    "NEEDLE",
    "größe 5",
    "GRÖSSE",
    'a "needle"',
    '\\"needle',
    "no such text",
    " ",
    "\n",
    "\r",
  ]) {
    const cursors: string[] = [];
    const events = search({ streams: everyTopic(stream), pool }, { q, topic: "messages" }, NEVER);
    for await (const event of events) if (event.type === "match") cursors.push(event.row.cursor);
    const { items } = await stream.before(undefined, ALL, matchOf({ q }));
    assert.deepEqual(
      cursors.toReversed(),
      items.map((item) => ("gap" in item ? "gap" : item.cursor)),
      q,
    );
  }
});

test("a row that is found is the row that is read", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, `${message(1, 1, "x".repeat(5_000_000))}${message(2, 1, "xy")}`);
  const stream = await started(t, { path });
  const rows = [];
  for await (const event of search(
    { streams: everyTopic(stream), pool: openPool(t) },
    { q: "X", topic: "messages" },
    NEVER,
  )) {
    if (event.type === "match") rows.unshift(event.row);
  }
  const told = (items: Slice["items"]): unknown =>
    items.map((item) => ("gap" in item ? item : { cursor: item.cursor, text: item.text, cut: item.cut }));
  assert.deepEqual(told(rows), told((await stream.before(undefined, ALL)).items));
});

test("text beyond what is kept of a long line is found", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  for (const length of [2_000_000, 9_000_000]) {
    await writeFile(path, `first\n${message(1, 1, `${"é".repeat(length / 2)} Needle`)}last\n`);
    const streams = await oneStream(t, { path });
    const events: SearchEvent[] = [];
    for await (const event of search({ streams, pool: openPool(t) }, { q: "needle", topic: "messages" }, NEVER)) {
      events.push(event);
    }
    const [match] = events;
    assert.ok(match?.type === "match" && match.row.cut !== undefined && match.row.cut > 900_000, String(length));
    assert.equal(events.filter(({ type }) => type === "match").length, 1);
  }
});

test("however lines and steps fall, each line that holds the text is found once", async (t) => {
  const folder = await temporaryFolder(t);
  const pool = openPool(t);
  let file = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.constantFrom("", "a", "NeedLe", "née", "x needle needle"), fc.constantFrom(0, 10, 40_000, 70_000)),
        {
          maxLength: 60,
        },
      ),
      async (parts) => {
        const path = join(folder, String((file += 1)));
        const lines = parts.map(([text, length], n) => `${n}${"é".repeat(length / 2)}${text}`);
        await writeFile(path, `head\n${lines.join("\n")}\n`);
        const streams = await oneStream(t, { path });
        const expected = lines.filter((line) => line.toLowerCase().includes("needle")).toReversed();
        assert.deepEqual(await found(streams, pool, "needle"), expected);
        assert.deepEqual(await found(streams, pool, "ÉE"), lines.filter((line) => line.includes("ée")).toReversed());
      },
    ),
    { numRuns: 40 },
  );
});

test("progress rises to the whole, and done comes last", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const line = message(1, 1);
  await writeFile(join(folder, "a.1.jsonl"), line.repeat(160_000));
  await writeFile(path, line);
  const streams = await oneStream(t, { path, rolled: "jsonl" });
  const events: SearchEvent[] = [];
  for await (const event of search({ streams, pool: openPool(t) }, { q: "none", topic: "messages" }, NEVER))
    events.push(event);
  const total = line.length * 160_001;
  const scanned = events.flatMap((event) => (event.type === "progress" ? [event.scanned] : []));
  assert.ok(
    scanned.length >= 3 && scanned.every((bytes, n) => n === 0 || bytes > (scanned[n - 1] ?? 0)),
    String(scanned),
  );
  assert.deepEqual(events.at(-2), { type: "progress", scanned: total, total });
  assert.deepEqual(events.at(-1), { type: "done" });
});

test("a consumer that does not ask has a search wait, and others go on", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, message(1, 1).repeat(300_000));
  const streams = await oneStream(t, { path });
  const pool = openPool(t);
  const stalled = [1, 2, 3].map(() => search({ streams, pool }, { q: "lorem", topic: "messages" }, NEVER));
  for (const events of stalled) assert.equal((await events.next()).value?.type, "match");
  const before = process.memoryUsage().rss;
  assert.deepEqual(await found(streams, pool, "no such text"), []);
  assert.ok(process.memoryUsage().rss - before < 100e6);
  for (const events of stalled) await events.return();
});

test("a signal ends a search at once, and nothing stays open", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, message(1, 1).repeat(300_000));
  const streams = await oneStream(t, { path });
  const pool = openPool(t);
  const stop = new AbortController();
  const events = search({ streams, pool }, { q: "no such text", topic: "messages" }, stop.signal);
  assert.equal((await events.next()).value?.type, "progress");
  stop.abort(new Error("left"));
  await assert.rejects(events.next(), { message: "left" });
  assert.equal((await events.next()).done, true);
  const waits = new AbortController();
  const others = search({ streams, pool }, { q: "no such text", topic: "messages" }, waits.signal);
  const first = others.next();
  setImmediate(() => {
    waits.abort(new Error("gone"));
  });
  await assert.rejects(first, { message: "gone" });
  await pool.close();
  assert.deepEqual(await opened(path), 1, "the file that is followed");
  await assert.rejects(search({ streams, pool }, { q: "x", topic: "messages" }, stop.signal).next(), {
    message: "left",
  });
});

test("a file that is cut or rolled meanwhile does no harm", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  await writeFile(path, message(1, 1, "needle").repeat(300_000));
  const stream = await started(t, { path, rolled: "jsonl" });
  const pool = openPool(t);
  const count = async (disturb: () => Promise<void>): Promise<number> => {
    let matches = 0;
    const events = search({ streams: everyTopic(stream), pool }, { q: "needle", topic: "messages" }, NEVER);
    for await (const event of events) {
      if (event.type === "match" && (matches += 1) === 1) await disturb();
    }
    return matches;
  };
  const rolled = async (): Promise<void> => {
    await rename(path, join(folder, "a.1.jsonl"));
    await appendFile(path, message(2, 1, "needle"));
    await stream.look();
  };
  assert.equal(await count(rolled), 300_000);
  assert.equal((await count(() => truncate(join(folder, "a.1.jsonl"), 0))) < 300_001, true);
  assert.deepEqual(texts(await stream.tail(1)).length, 1);
});
