import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import { Turns } from "../../../src/core/queue/turns.ts";

test("a turn waits for all earlier ones of its lane, also for those before one that ended early", async () => {
  const turns = new Turns();
  const [first, second, third, other] = [turns.take(1), turns.take(1), turns.take(1), turns.take(2)];
  const begun: string[] = [];
  for (const [name, turn] of Object.entries({ first, second, third, other })) {
    void turn.before.then(() => begun.push(name));
  }
  second.end();
  await setImmediate();
  assert.deepEqual(begun, ["first", "other"]);
  first.end();
  await third.before;
  assert.deepEqual(begun, ["first", "other", "second", "third"]);
});
