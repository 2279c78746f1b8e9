import assert from "node:assert/strict";
import { test } from "node:test";
import { InputQueue } from "../../../src/workers/queue/agent-input.ts";

test("what is pushed before and after a read comes out in order, until the end", async () => {
  const queue = new InputQueue<number>();
  const read: number[] = [];
  queue.push(1);
  queue.push(2);
  const reading = (async () => {
    for await (const item of queue) read.push(item);
  })();
  await new Promise(setImmediate);
  assert.deepEqual(read, [1, 2]);
  queue.push(3);
  queue.end();
  await reading;
  assert.deepEqual(read, [1, 2, 3]);
});
