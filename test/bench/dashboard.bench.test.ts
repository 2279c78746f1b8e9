import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../bench/dashboard.bench.ts";
import { QUICK } from "../../bench/dashboard/sizes.ts";

/** Each figure, with those that its name must be followed by. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  "counting what 4 MiB hold, after the start": [],
  "first byte of the last 1000 lines of 4 MiB, p50": [],
  "first byte of the last 1000 lines of 4 MiB, p99": [
    "Express, all read",
    "tail and its start",
    "an answer of a few bytes",
  ],
  "search through 4 MiB": ["Express", "grep -ciF"],
  "left in the middle of a search → at rest": [],
  "a line appended → received by each of 3 clients, 50 a second, p50": ["Express + SSE", "ws"],
  "a line appended → received by each of 3 clients, 50 a second, p99": ["Express + SSE", "ws"],
  "3000 lines at once to 3 clients": ["Express + SSE", "ws", "ws without cursors or bounds"],
  "3000 lines at once to 3 clients, lost": ["Express + SSE", "ws"],
  "3000 lines at once to 3 clients, twice": ["Express + SSE", "ws"],
  "3000 lines at once to 3 clients, peak of resident memory": ["Express + SSE", "ws", "ws without cursors or bounds"],
  "event loop held while lines are sent, searched and listed, processor time of its own, p99": [],
  "event loop held while lines are sent, searched and listed, processor time of its own, p99.9": [],
  "event loop held while lines are sent, searched and listed, processor time of its own, most": [],
  "event loop held while lines are sent, searched and listed, p99": ["a bare process beside it"],
  "event loop held while lines are sent, searched and listed, p99.9": ["a bare process beside it"],
  "event loop held while lines are sent, searched and listed, most": ["a bare process beside it"],
  "an idle WebSocket, one of 40, two subscriptions at ours": ["ws"],
  "nobody connected": ["Express + SSE", "ws"],
  "one stalled client, 5000 lines/s for 0.5 s, rise of resident memory": [
    "Express + SSE",
    "ws without cursors or bounds",
  ],
};

test("the dashboard's benchmark measures it and those it is compared with, and no line is lost", async () => {
  const rows = await run(QUICK);
  const values = rows.filter(({ unit }) => unit !== "×");
  const expected = Object.entries(FIGURES).flatMap(([what, others]) => [
    what,
    ...others.map((one) => `${what}: ${one}`),
  ]);
  assert.deepEqual(
    values.map(({ what }) => what),
    expected,
  );
  for (const { what, value } of rows) assert.ok(Number.isFinite(value), what);
  for (const { what, value } of values) if (/, (?:lost|twice)/.test(what)) assert.equal(value, 0, what);
});
