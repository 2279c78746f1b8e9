import assert from "node:assert/strict";
import { appendFile, open, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import type { Filter } from "../../src/dashboard/filter.ts";
import { matchOf } from "../../src/dashboard/filter.ts";
import { History } from "../../src/dashboard/history.ts";
import type { ScanPool } from "../../src/dashboard/scan/pool.ts";
import type { Slice, Stream } from "../../src/dashboard/tail/stream.ts";
import { everyTopic, message, openPool } from "./scan/support.ts";
import { ALL, started, temporaryFolder, texts } from "./tail/support.ts";

const AT = 1_760_000_000_000;

function historyOf(t: TestContext, stream: Stream, pool: ScanPool): History {
  const history = new History(everyTopic(stream), pool);
  t.after(() => history.close());
  return history;
}

async function built(history: History): Promise<void> {
  await history.index("messages")?.build();
}

/** All rows of the filter, read page by page. */
async function pages(
  history: History,
  direction: "forward" | "backward",
  filter: Filter,
  rows: number,
): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const at = cursor === undefined ? {} : { cursor };
    const slice: Slice = await history.page("messages", { direction, rows, filter, ...at });
    if (direction === "forward") found.push(...texts(slice));
    else found.unshift(...texts(slice));
    cursor = direction === "forward" ? slice.last : slice.first;
    if (!slice.more) return found;
  }
}

async function fill(path: string, bytes: number, line: (n: number) => string): Promise<number> {
  const file = await open(path, "a");
  let n = 0;
  for (let written = 0; written < bytes;) {
    let text = "";
    while (text.length < 4_000_000) text += line((n += 1));
    await file.write(text);
    written += text.length;
  }
  await file.close();
  return n;
}

/** The longest that anything else had to wait, ms, while the work went on. */
async function longestWait(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let done = false;
  let at = performance.now();
  const probe = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - at);
    at = now;
    if (!done) setImmediate(probe);
  };
  setImmediate(probe);
  await work();
  done = true;
  return longest;
}

test("with an index and without one, the rows of a filter are the same, in both directions", async (t) => {
  const folder = await temporaryFolder(t);
  const pool = openPool(t);
  let n = 0;
  const line = fc.record({
    threadId: fc.constantFrom<unknown>(1, 2, "2", 3, undefined),
    time: fc.integer({ min: 0, max: 200_000 }),
    length: fc.constantFrom(10, 30_000, 100_000, 700_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(line, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      fc.record(
        {
          threadId: fc.constantFrom(1, 2, "2", [2, 3], 9),
          from: fc.integer({ min: AT, max: AT + 200_000 }),
          to: fc.integer({ min: AT, max: AT + 200_000 }),
        },
        { requiredKeys: [] },
      ),
      async (files, filter) => {
        const path = join(folder, `${(n += 1)}.jsonl`);
        for (const [at, lines] of files.entries()) {
          const text = lines.map(
            ({ threadId, time, length }) =>
              `${JSON.stringify({ n: (n += 1), threadId, timestamp: AT + time, x: "x".repeat(length) })}\n`,
          );
          const name = at === files.length - 1 ? path : path.replace(".jsonl", `.${at + 1}.jsonl`);
          await writeFile(name, `${JSON.stringify({ head: n, at })}\n${text.join("\n")}`);
        }
        const stream = await started(t, { path, rolled: "jsonl" });
        const rows = (await stream.after(undefined, ALL)).items;
        // Without a direction, a match never stops before the end.
        const match = matchOf(filter) ?? (() => true);
        const expected = rows.flatMap((row) => (!("gap" in row) && match(row) === true ? [row.text] : []));
        const history = historyOf(t, stream, pool);
        await built(history);
        for (const direction of ["forward", "backward"] as const) {
          const found = await pages(history, direction, filter, 2);
          if (filter.from === undefined && filter.to === undefined) assert.deepEqual(found, expected);
          else assert.ok(found.every((text) => expected.includes(text)));
          const plain = await pages(new History(everyTopic(stream)), direction, filter, 2);
          assert.ok(
            plain.every((text) => found.includes(text)),
            "what is read without an index is read with one",
          );
        }
        await stream.close();
      },
    ),
    { numRuns: 60 },
  );
});

test("a quiet thread's history is complete however busy the others are, and quick once indexed", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, message(0, 7, "the quiet one"));
  const others = await fill(path, 200_000_000, (n) => message(n, 100 + (n % 50), "x".repeat(80)));
  assert.ok(others > 1_000_000);
  const stream = await started(t, { path });
  const pool = openPool(t);
  const history = historyOf(t, stream, pool);
  const page = { direction: "backward", rows: 50, filter: { threadId: 7 } } as const;
  const times: number[] = [];
  const waits: number[] = [];
  const ask = async (): Promise<void> => {
    const at = performance.now();
    waits.push(await longestWait(async () => assert.equal((await history.page("messages", page)).items.length, 1)));
    times.push(performance.now() - at);
  };
  waits.push(await longestWait(() => new History(everyTopic(stream)).page("messages", page)));
  await ask();
  waits.push(await longestWait(() => built(history)));
  for (let again = 0; again < 5; again += 1) await ask();
  const forward = await history.page("messages", { ...page, direction: "forward" });
  assert.equal(forward.items.length, 1);
  assert.equal(forward.last, stream.head());
  t.diagnostic(
    `ms: ${times.map((ms) => ms.toFixed(1)).join(", ")}; longest waits: ${waits.map((ms) => ms.toFixed(1)).join(", ")}`,
  );
  assert.ok(Math.min(...times.slice(1)) < Math.min(200, (times[0] ?? 0) / 4), "the index leads there");
  const size = history.index("messages")?.size();
  assert.ok(size !== undefined && size.bytes > 195_000_000 && size.blocks < 900);
});

test("the index grows with the file, and what is not in it yet is read", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  const long = "x".repeat(100_000);
  let text = "";
  for (let n = 0; n < 50; n += 1) text += message(n, n === 3 ? 7 : 1, long);
  await writeFile(path, text);
  const stream = await started(t, { path });
  const history = historyOf(t, stream, openPool(t));
  const filter = { threadId: 7 };
  await built(history);
  const before = history.index("messages")?.size().bytes ?? 0;
  assert.ok(before > text.length - 400_000 && before < text.length);
  await appendFile(path, `${message(50, 7, "new")}${text}`);
  await stream.look();
  const read = async (): Promise<number> => (await pages(history, "backward", filter, 1)).length;
  assert.equal(await read(), 3);
  await built(history);
  assert.ok((history.index("messages")?.size().bytes ?? 0) > 2 * before);
  assert.equal(await read(), 3);
});

test("the index of a file that was cut goes with it", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const head = message(0, 1, "head");
  // Lines of one length that end alike: only that the file was cut tells it from the one before.
  const lines = (threadId: number): string => head + message(1, threadId, "x".repeat(1000)).repeat(2000);
  await writeFile(path, lines(1));
  const stream = await started(t, { path, ringBytes: 1000 });
  const history = historyOf(t, stream, openPool(t));
  const count = async (threadId: number): Promise<number> => {
    const rows = await pages(history, "backward", { threadId }, 1000);
    const forward = await pages(history, "forward", { threadId }, 1000);
    const texts = rows.filter((text) => !text.startsWith("("));
    assert.equal(texts.length, forward.filter((text) => !text.startsWith("(")).length);
    return texts.length;
  };
  await built(history);
  assert.deepEqual([await count(1), await count(2)], [2001, 0]);
  await truncate(path);
  await stream.look();
  await appendFile(path, lines(2));
  await stream.look();
  assert.deepEqual([await count(1), await count(2)], [1, 2000]);
  await built(history);
  assert.deepEqual([await count(1), await count(2)], [1, 2000]);
  // Not yet looked at: a place that the file does not hold any more is not gone to.
  await writeFile(path, head + message(1, 1, "y".repeat(1000)).repeat(2000));
  assert.ok((await pages(history, "forward", { threadId: 1 }, 5000)).length > 2000);
});

test("a rolled file keeps its index", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  await writeFile(path, message(0, 7) + message(1, 1, "x".repeat(1000)).repeat(3000));
  const stream = await started(t, { path, rolled: "jsonl" });
  const history = historyOf(t, stream, openPool(t));
  await built(history);
  await rename(path, join(folder, "a.1.jsonl"));
  await appendFile(path, message(2, 7));
  await stream.look();
  assert.equal((await pages(history, "backward", { threadId: 7 }, 1)).length, 2);
  await built(history);
  assert.ok((history.index("messages")?.size().bytes ?? 0) > 3_000_000);
  assert.equal((await pages(history, "backward", { threadId: 7 }, 1)).length, 2);
  assert.equal((await pages(history, "forward", { threadId: 7 }, 1)).length, 2);
});
