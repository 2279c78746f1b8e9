import assert from "node:assert/strict";
import { test } from "node:test";
import { QUICK } from "../../bench/supervisor/sizes.ts";
import { run } from "../../bench/supervisor.bench.ts";

/** Each figure, and whether it is compared with the older design. */
const FIGURES: Readonly<Record<string, boolean>> = {
  "a worker crashes → it is ready, beyond the pause before the restart, p50": true,
  "a worker crashes → it is ready, beyond the pause before the restart, p99": true,
  "a worker loops for ever → found, longest of 1": false,
  "one that hangs is told to end → gone, longest of 1": false,
  "a worker is told to end → gone, p99 of 2": false,
  "idle memory of the bot, VmRSS": true,
  "idle memory of the bot, Pss: what it shares with others divided among them": true,
  "idle memory of the bot, RssAnon: without what it maps of files": true,
  "nobody writes": true,
  "a line of the log": false,
  "a line of the log: a bare write of the same bytes": false,
};

test("the supervisor's benchmark measures the bot, and the older design where it has the like", async () => {
  const rows = await run(QUICK);
  const values = rows.filter(({ unit }) => unit !== "×");
  const expected = Object.entries(FIGURES).flatMap(([what, isCompared]) =>
    isCompared ? [what, `${what}: shell entrypoint with two processes`] : [what],
  );
  assert.deepEqual(
    values.map(({ what }) => what),
    expected,
  );
  for (const { what, value } of rows) assert.ok(Number.isFinite(value) && value >= 0, what);
});
