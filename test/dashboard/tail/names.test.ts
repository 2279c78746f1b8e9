import assert from "node:assert/strict";
import { test } from "node:test";
import { siblings } from "../../../src/dashboard/tail/names.ts";

function names(name: string, others: string[], rolled?: "jsonl" | "pino"): string[] {
  return siblings(name, others, rolled).map((sibling) => sibling.name);
}

test("rolled files come by their number, not by their letters", () => {
  const others = ["a.10.jsonl", "a.2.jsonl", "a.1.jsonl", "a.jsonl"];
  assert.deepEqual(names("a.jsonl", others, "jsonl"), ["a.1.jsonl", "a.2.jsonl", "a.10.jsonl"]);
});

test("logrotate's come highest number first, or by their date", () => {
  assert.deepEqual(names("a.log", ["a.log.1", "a.log.10", "a.log.2"]), ["a.log.10", "a.log.2", "a.log.1"]);
  const dated = ["a.log-20260102", "a.log-20260101"];
  assert.deepEqual(names("a.log", dated), dated.toReversed());
  assert.deepEqual(names("a.jsonl", ["a.jsonl.1", "a.jsonl.2"], "jsonl"), ["a.jsonl.2", "a.jsonl.1"]);
});

test("pino-roll's are those with another number than the target of the link", () => {
  assert.deepEqual(names("queue.3", ["queue.1", "queue.2", "queue.3", "queue2.1"], "pino"), [
    "queue.1",
    "queue.2",
    "queue.3",
  ]);
});

test("pino-roll's bear a day and an ending as our log writer has them made, or none", () => {
  const ours = ["queue.2026-01-01.1.log", "queue.2026-01-02.2.log", "queue.7.log"];
  const others = ["queue2.2026-01-01.1.log", "queue.2026-01-01.log", "queue.log", ".queue.2026-01-02.2.log.link"];
  assert.deepEqual(names("queue.2026-01-02.2.log", [...ours, ...others], "pino"), ours);
});

test("what only looks alike belongs to nobody", () => {
  const alike = ["a.0.jsonl", "a.01.jsonl", "a.1.jsonl.gz", "ab.1.jsonl", "a.x.jsonl", "a.1.2.jsonl", "a.jsonl~"];
  assert.deepEqual(names("a.jsonl", [...alike, "a.jsonl.1.gz", "a.jsonl-2026", "xa.jsonl.1"], "jsonl"), []);
  assert.deepEqual(names("a.jsonl", ["a.1.jsonl"]), []);
});
