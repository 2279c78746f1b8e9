import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../../../src/dashboard/socket/gate.ts";
import { ManualClock } from "../host/manual-clock.ts";
import { FakeConnection, KIB } from "./support.ts";

interface Door {
  readonly connection: FakeConnection;
  readonly clock: ManualClock;
  readonly gate: Gate;
  readonly inside: string[];
  /** Asks to be let in under a name, which is inside once it is. */
  readonly enter: (name: string) => Promise<object>;
}

function door(): Door {
  const connection = new FakeConnection();
  const clock = new ManualClock(0);
  const gate = new Gate(connection, clock);
  const inside: string[] = [];
  const enter = async (name: string): Promise<object> => {
    const who = {};
    void gate.enter(who).then(() => inside.push(name));
    await Promise.resolve();
    return who;
  };
  return { connection, clock, gate, inside, enter };
}

test("no more are let in at once than there is room for what each may send", async () => {
  const { gate, inside, enter } = door();
  for (const name of ["a", "b", "c", "d", "e", "f"]) await enter(name);
  assert.deepEqual(inside, ["a", "b", "c", "d"]);
  gate.leave();
  await Promise.resolve();
  assert.deepEqual(inside, ["a", "b", "c", "d", "e"]);
});

test("who comes when others wait is let in after them", async () => {
  const { connection, gate, inside, enter } = door();
  connection.drain(256 * KIB);
  await enter("a");
  await enter("b");
  connection.drain(0);
  await enter("c");
  assert.deepEqual(inside, []);
  gate.admit();
  await Promise.resolve();
  assert.deepEqual(inside, ["a", "b", "c"]);
});

test("who gave up waiting takes nobody's turn", async () => {
  const { connection, gate, inside, enter } = door();
  connection.drain(256 * KIB);
  gate.forget(await enter("a"));
  await enter("b");
  connection.drain(0);
  gate.admit();
  await Promise.resolve();
  assert.deepEqual(inside, ["b"]);
});

test("it looks for itself whether there is room, as long as anyone waits", async () => {
  const { connection, clock, inside, enter } = door();
  connection.drain(256 * KIB);
  await enter("a");
  connection.drain(0);
  clock.advance(100);
  await Promise.resolve();
  assert.deepEqual(inside, ["a"]);
  assert.equal(clock.timers, 0);
});
