import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../bench/page.bench.ts";
import { QUICK } from "../../bench/page/sizes.ts";
import { noBrowser } from "../browser/rig.ts";

test("the page's benchmark measures all that is asked of the page", { skip: noBrowser }, async () => {
  const rows = await run(QUICK);
  const aims = rows.filter(({ target }) => target !== undefined);
  assert.deepEqual([...new Set(aims.map(({ unit }) => unit))].sort(), ["%", "KiB", "ms", "rows"]);
  for (const { what, value } of rows) assert.ok(Number.isFinite(value) && value >= 0, what);
  // These hold whatever the machine does meanwhile.
  for (const { what, unit, ok } of aims) if (unit === "KiB" || unit === "rows") assert.equal(ok, true, what);
});
