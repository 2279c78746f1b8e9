import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";
import type { Gap } from "../page-module.ts";

const { gapText } = await pageModule<{ gapText: (gap: Gap) => string }>("rows/gap.js");
const { piecesOf } = await pageModule<{ piecesOf: (text: string) => Iterable<string> }>("rows/long-text.js");
const { milliseconds } = await pageModule<{ milliseconds: (ms: unknown) => string }>("rows/turn.js");
const { threadName, threadNames, threadsOf } = await pageModule<{
  threadName: (status: unknown, id: unknown) => string;
  threadNames: (status: unknown) => Map<number, string>;
  threadsOf: (status: unknown) => { id: number }[];
}>("rows/threads.js");
const { messageCount } = await pageModule<{ messageCount: (totals: object) => number | undefined }>("rows/totals.js");

const PIECE = 8 * 1024;

test("a gap says how much is missing, why, and what can be done", () => {
  const gap = { from: "a", to: "b", bytes: 2_048, reason: "rotated" };
  assert.match(gapText(gap), /^Rows are missing here \(2\.0 KiB\): the file was rotated\. Enter or a click loads/);
  assert.equal(gapText({ ...gap, from: null, bytes: 0, reason: "new" }), "Rows may be missing here: new.");
});

test("a long text is cut at the ends of lines, and in no case within a character", () => {
  const whole = (text: string): string => [...piecesOf(text)].join("");
  assert.deepEqual([...piecesOf("")], []);
  assert.deepEqual([...piecesOf("short\n")], ["short\n"]);
  const line = `${"x".repeat(PIECE - 100)}\n`;
  assert.deepEqual([...piecesOf(line + "y".repeat(200))], [line.slice(0, -1), "y".repeat(200)]);
  const smile = `${"x".repeat(PIECE - 1)}😀${"x".repeat(PIECE)}`;
  assert.equal(whole(smile), smile);
  for (const piece of piecesOf(smile)) assert.ok(!/[\ud800-\udbff]$/.test(piece));
  assert.ok([...piecesOf("x".repeat(3 * PIECE))].every(({ length }) => length <= PIECE));
  const early = `a\n${"x".repeat(2 * PIECE)}`;
  assert.equal(whole(early), early, "a line that ends too early is no place to cut at");
});

test("how long a step took is told in the unit that fits", () => {
  assert.deepEqual([0, 999.4, 1_500, 59_999, 60_000, undefined].map(milliseconds), [
    "0 ms",
    "999 ms",
    "1.5 s",
    "60.0 s",
    "1 min",
    "–",
  ]);
});

const STATUS = {
  threads: [
    { id: 5, name: "API", lastActive: 1 },
    { id: 9, name: " two\nlines ", lastActive: 3 },
    { id: 7 },
    { id: "x" },
    null,
    { id: 8, name: 5 },
  ],
};

test("threads are known by their names, the one active last first", () => {
  assert.deepEqual(
    threadsOf(STATUS).map(({ id }) => id),
    [9, 5, 7, 8],
  );
  assert.deepEqual(
    [5, 9, 7, 4].map((id) => threadName(STATUS, id)),
    ["API", " two lines ", "thread 7", "thread 4"],
  );
  assert.deepEqual(
    [...threadNames(STATUS)],
    [
      [5, "API"],
      [9, " two\nlines "],
      [7, "7"],
      [8, "8"],
    ],
  );
  for (const status of [undefined, null, {}, { threads: {} }])
    assert.deepEqual([threadsOf(status), threadNames(status).size], [[], 0]);
});

test("messages in and out are counted together, unless neither is known", () => {
  assert.equal(messageCount({ messages: { in: 2, out: 3 } }), 5);
  assert.equal(messageCount({ messages: { in: 2 } }), 2);
  assert.equal(messageCount({}), undefined);
});
