import assert from "node:assert/strict";
import { test } from "node:test";
import { SETTINGS, settingsSchema } from "../../src/core/settings.ts";

/** By name, so that a missing one is named. */
function schemasOf(entries: readonly (readonly [string, unknown])[]): Map<string, unknown> {
  return new Map(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

const settings = Object.entries(SETTINGS);

test("the file is read by the same schemas under the same keys as a setting is set", () => {
  const { threads: _, ...shape } = settingsSchema.shape;
  assert.deepEqual(
    schemasOf(Object.entries(shape).map(([key, schema]) => [key, schema.unwrap()])),
    schemasOf(settings.map(([key, { schema }]) => [key, schema])),
  );
});

test("of a thread's own settings as well", () => {
  const { shape } = settingsSchema.shape.threads.unwrap().valueType;
  const own = settings.filter(([, { perThread }]) => perThread);
  assert.ok(own.length > 0 && own.length < settings.length);
  assert.deepEqual(
    schemasOf(Object.entries(shape).map(([key, schema]) => [key, schema.unwrap()])),
    schemasOf(own.map(([key, { schema }]) => [key, schema])),
  );
});
