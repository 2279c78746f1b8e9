import assert from "node:assert/strict";
import { test } from "node:test";
import { gapLine, lineOf, paintWith } from "../../../src/cli/watch/lines.ts";
import type { Followed } from "../../../src/cli/watch/lines.ts";

const plain = paintWith(false);
const names = new Map([
  [5, "API"],
  [6, "a\u001b[2Jb"],
]);

const cases: [string, Followed, unknown, string | undefined][] = [
  ["a message in", "messages", { direction: "in", threadId: 5, sender: "Ada", message: "Hi" }, "#API Ada: Hi"],
  [
    "a message out",
    "messages",
    { direction: "out", threadId: 5, sender: "assistant", model: "sonnet", message: "1\n2" },
    "#API sonnet: 1\\n2",
  ],
  ["a thread without a name", "messages", { threadId: 9, sender: "Ada", message: "Hi" }, "#9 Ada: Hi"],
  ["an older record without a thread", "messages", { sender: "Ada", message: "Hi" }, "#1 Ada: Hi"],
  [
    "hostile fields",
    "messages",
    { threadId: 6, sender: "\u001b]0;x\u0007", message: "\u202e\r" },
    "#a\\x1b[2Jb \\x1b]0;x\\x07: \\u202e\\r",
  ],
  ["fields of other types", "messages", { threadId: "5", sender: 1, message: {} }, "#1 ?: "],
  ["a line that was no JSON", "messages", { cursor: "a:1", raw: "torn\u0007" }, "messages: torn\\x07"],
  ["what is no row", "messages", 5, undefined],
  [
    "a routing decision",
    "routing",
    { threadId: 5, model: "opus", tier: "complex", score: 0.51234, reason: "long" },
    "#API → opus (complex, score 0.512, long)",
  ],
  [
    "a tool's end",
    "activity",
    { threadId: 5, kind: "tool_end", tool: "Bash", ms: 12.6, detail: "ok\nfine" },
    "#API tool_end Bash 13 ms: ok\\nfine",
  ],
  [
    "a fault in a log",
    "logs/queue",
    { cursor: "c", level: 50, time: 1, source: "queue", msg: "no", code: "x" },
    'logs/queue: no {"code":"x"}',
  ],
];
for (const [what, followed, row, line] of cases) {
  test(`${what} shows as ${String(line)}`, () => {
    assert.equal(lineOf(followed, row, names, plain), line);
  });
}

test("colours surround the text and are never part of it", () => {
  const line = lineOf(
    "messages",
    { direction: "in", threadId: 5, sender: "\u001b[31mAda", message: "Hi" },
    names,
    paintWith(true),
  );
  assert.equal(line, "\u001b[36m#API\u001b[0m \u001b[1m\\x1b[31mAda\u001b[0m: Hi");
});

test("a gap tells how much is missing, and why", () => {
  assert.equal(gapLine("messages", "slow", 12, plain), "(messages: 12 bytes were left out: slow)");
});
