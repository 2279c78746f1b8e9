import assert from "node:assert/strict";
import { test } from "node:test";
import { parseThreads } from "../../../src/dashboard/services/threads.ts";

test("threads come by their ids, with all they have", () => {
  const table = { "12": { name: "API", status: "idle" }, "1": { name: "General", isMaster: true, later: [1] } };
  assert.deepEqual(parseThreads(table), [
    { id: 1, name: "General", isMaster: true, later: [1] },
    { id: 12, name: "API", status: "idle" },
  ]);
});

test("entries that are no threads are left out", () => {
  const text =
    '{"1": {}, "0": {}, "-3": {}, "x": {}, "1.5": {}, "9007199254740993": {}, "2": null, "3": [], "4": "a", "__proto__": {"a": 1}}';
  assert.deepEqual(parseThreads(JSON.parse(text)), [{ id: 1 }]);
});

test("the id is the one it is filed under", () => {
  assert.deepEqual(parseThreads({ "5": { id: "<b>", name: "x" } }), [{ id: 5, name: "x" }]);
});

for (const value of [null, [], "threads", 5]) {
  test(`${JSON.stringify(value)} is no table of threads`, () => {
    assert.equal(parseThreads(value), undefined);
  });
}
