import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { BenchRow } from "../../bench/bench.ts";
import { idleMemory, imageSizes, startTime } from "../../bench/docker/footprint.ts";
import { noEngine } from "./support/docker.ts";
import { Stack } from "./support/stack.ts";

/** What a loaded machine may take in place of the 20 s that bench/RESULTS.md tells of a quiet one. */
const GENEROUS_SECONDS = 90;

test("images and idle containers are small, and the stack is up soon", { skip: noEngine }, async (t) => {
  const stack = await Stack.open();
  t.after(() => stack.close());
  const sizes = await imageSizes(stack);
  const start = await startTime(stack);
  const memory = await idleMemory(stack);
  const told = (rows: readonly BenchRow[]): string[] => rows.map((row) => tell(t, row));
  // The other way to count is above the aims so far: bench/RESULTS.md says by how much.
  const charged = memory.filter(({ what }) => !what.includes("resident sets"));
  const lines = { sizes: told(sizes), start: told(start), memory: told(memory) };
  assert.deepEqual(
    [...sizes, ...charged].filter(({ ok }) => ok === false),
    [],
    JSON.stringify(lines),
  );
  assert.ok((start[0]?.value ?? Number.NaN) < GENEROUS_SECONDS, lines.start[0]);
});

function tell(t: TestContext, { what, value, unit, target }: BenchRow): string {
  const line = `${what}: ${value.toFixed(1)} ${unit}${target === undefined ? "" : ` (${target})`}`;
  t.diagnostic(line);
  return line;
}
