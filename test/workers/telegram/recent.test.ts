import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecent } from "../../../src/workers/telegram/recent.ts";

test("the oldest member is forgotten first, and adding again makes it the newest", () => {
  const recent = createRecent(2);
  recent.add("a");
  recent.add("b");
  recent.add("a");
  recent.add("c");
  assert.deepEqual(
    ["a", "b", "c"].map((member) => recent.has(member)),
    [true, false, true],
  );
});
