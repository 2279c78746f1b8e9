import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { indexStep } from "../../../src/dashboard/scan/index-step.ts";
import { searchStep } from "../../../src/dashboard/scan/search-step.ts";
import { tallyStep } from "../../../src/dashboard/scan/tally-step.ts";
import { started, temporaryFolder } from "../tail/support.ts";
import { message } from "./support.ts";

test("a file that is another now, or shorter, is lost to every task", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, message(1, 1).repeat(10));
  const [known] = (await started(t, { path })).generations();
  assert.ok(known);
  const fd = openSync(path, "r");
  t.after(() => {
    closeSync(fd);
  });
  const run = (end: number): unknown[] => {
    const extent = { fd, gen: known.gen, from: 0, to: end, end };
    return [
      searchStep({ ...extent, q: "no such text" }),
      indexStep({ ...extent, isFull: true }),
      tallyStep({ ...extent, isFull: true, topic: "messages", since: 0 }),
    ];
  };
  const size = message(1, 1).length * 10;
  assert.ok(run(size).every((result) => result !== "lost"));
  assert.deepEqual(run(size + 1), ["lost", "lost", "lost"]);
  await writeFile(path, message(3, 3).repeat(10));
  assert.deepEqual(run(size), ["lost", "lost", "lost"]);
});
