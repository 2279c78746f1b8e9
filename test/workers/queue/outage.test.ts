import assert from "node:assert/strict";
import { test } from "node:test";
import { Outage } from "../../../src/workers/queue/outage.ts";
import type { Hold } from "../../../src/workers/queue/retry-policy.ts";
import { ManualClock } from "../../core/queue/support.ts";

const away: Hold = { action: "hold", reason: "Claude cannot be reached.", retryAt: undefined, what: "claude" };
const spent: Hold = { action: "hold", reason: "The limit is spent.", retryAt: undefined, what: "account" };

function setUp() {
  const clock = new ManualClock();
  let changes = 0;
  const outage = new Outage({
    clock,
    random: () => 0.5,
    onChange: () => {
      changes += 1;
    },
  });
  /** Lets one turn ask, which finds Claude away. */
  const ask = (key: string): void => {
    assert.ok(outage.mayBegin);
    outage.begin(key);
    outage.noteAway(key, away);
    outage.end(key);
  };
  return { clock, outage, ask, changes: () => changes };
}

test("one turn that finds Claude away holds all, until its pause is over", () => {
  const { clock, outage, ask, changes } = setUp();
  ask("u1");
  assert.equal(outage.reason, "Claude cannot be reached.");
  clock.advance(999);
  assert.equal(outage.mayBegin, false);
  const before = changes();
  clock.advance(1);
  assert.equal(outage.mayBegin, true);
  assert.equal(changes(), before + 1);
});

test("after the pause a single turn asks, and each that finds Claude away makes the next pause longer", () => {
  const { clock, outage, ask } = setUp();
  for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    ask("u1");
    clock.advance(pause - 1);
    assert.equal(outage.mayBegin, false);
    clock.advance(1);
  }
  outage.begin("u2");
  assert.deepEqual([outage.mayBegin, outage.reason], [false, undefined]);
});

test("turns that ran when it began make the pause no longer, unless Claude says until when", () => {
  const { clock, outage, ask } = setUp();
  outage.begin("u1");
  outage.begin("u2");
  outage.begin("u3");
  outage.noteAway("u1", away);
  outage.noteAway("u2", away);
  clock.advance(1_000);
  ask("u4");
  clock.advance(1_999);
  assert.equal(outage.mayBegin, false);
  outage.noteAway("u3", { ...away, retryAt: clock.now() + 300_000 });
  clock.advance(299_999);
  assert.equal(outage.mayBegin, false);
  clock.advance(1);
  assert.equal(outage.mayBegin, true);
});

test("of a turn that asks, no other turn's end tells", () => {
  const { clock, outage, ask } = setUp();
  ask("u1");
  clock.advance(1_000);
  outage.begin("u2");
  outage.noteAway("u3", away);
  outage.end("u3");
  assert.deepEqual([outage.mayBegin, outage.reason], [false, undefined]);
});

test("a turn that asks and ends without a word of Claude lets the next one ask", () => {
  const { clock, outage, ask, changes } = setUp();
  ask("u1");
  clock.advance(1_000);
  outage.begin("u2");
  const before = changes();
  outage.end("u2");
  assert.equal(changes(), before + 1);
  assert.equal(outage.mayBegin, true);
  outage.begin("u3");
  assert.equal(outage.mayBegin, false);
});

test("a turn that asks and says nothing for a minute lets another ask as well, and then tells nothing for it", () => {
  const { clock, outage, ask, changes } = setUp();
  ask("u1");
  clock.advance(1_000);
  outage.begin("u2");
  clock.advance(59_999);
  assert.equal(outage.mayBegin, false);
  const before = changes();
  clock.advance(1);
  assert.deepEqual([outage.mayBegin, changes()], [true, before + 1]);
  outage.begin("u3");
  outage.noteAway("u2", away);
  outage.end("u2");
  assert.deepEqual([outage.mayBegin, outage.reason], [false, undefined], "u3 asks now");
  outage.noteAway("u3", away);
  outage.end("u3");
  clock.advance(1_999);
  assert.equal(outage.mayBegin, false);
  clock.advance(1);
  assert.equal(outage.mayBegin, true, "the minute of a turn that has ended is no pause");
});

test("a turn that asks and ends early leaves the next one, its own second try too, a whole minute", () => {
  const { clock, outage, ask } = setUp();
  ask("u1");
  clock.advance(1_000);
  outage.begin("u2");
  clock.advance(30_000);
  outage.end("u2");
  outage.begin("u2");
  clock.advance(59_999);
  assert.equal(outage.mayBegin, false);
  clock.advance(1);
  assert.equal(outage.mayBegin, true);
});

test("the limit of a model is its lane's alone, until it ends or a quarter of an hour is over, and told once", () => {
  const { clock, outage } = setUp();
  const model: Hold = { ...spent, what: "model" };
  const tries: [number | undefined, number][] = [
    [clock.now() + 300_000, 300_000],
    [clock.now() + 5 * 3_600_000, 900_000],
    [undefined, 60_000],
    [clock.now() - 1, 60_000],
  ];
  for (const [n, [retryAt, delayMs]] of tries.entries()) {
    outage.begin("u1");
    assert.deepEqual(outage.pauseOfOwn("u1", { ...model, retryAt }), { delayMs, tell: n === 0 });
    outage.end("u1");
    assert.deepEqual([outage.mayBegin, outage.reason], [true, undefined]);
  }
});

test("the account's limit is everyone's, unless Claude has said something since the turn began or last met it", () => {
  const { outage } = setUp();
  const meet = (key: string) => {
    const own = outage.pauseOfOwn(key, spent);
    outage.end(key);
    return own;
  };
  outage.begin("u1");
  assert.equal(meet("u1"), undefined);
  outage.begin("u1");
  assert.equal(meet("u1"), undefined, "nobody has heard anything meanwhile");
  outage.begin("u2");
  outage.noteUp();
  outage.end("u2");
  outage.begin("u1");
  assert.deepEqual(meet("u1"), { delayMs: 60_000, tell: true }, "another was answered between its tries");
  outage.begin("u1");
  assert.equal(meet("u1"), undefined, "that word is used up");
  outage.begin("u1");
  outage.noteUp();
  assert.deepEqual(meet("u1"), { delayMs: 60_000, tell: false }, "it has heard Claude itself");
  outage.begin("u3");
  assert.equal(meet("u3"), undefined, "a turn that begins after it asks for itself");
});

test("that Claude cannot be reached is everyone's, whatever it has said before", () => {
  const { outage } = setUp();
  outage.begin("u1");
  outage.noteUp();
  assert.equal(outage.pauseOfOwn("u1", away), undefined);
});

test("a word of Claude in any turn ends the outage at once, and the next one begins with a short pause", () => {
  const { clock, outage, ask, changes } = setUp();
  ask("u1");
  clock.advance(1_000);
  ask("u1");
  const before = changes();
  outage.noteUp();
  assert.deepEqual([outage.mayBegin, outage.reason, changes()], [true, undefined, before + 1]);
  clock.advance(10_000);
  assert.equal(changes(), before + 1, "the pause is over with the outage");
  ask("u2");
  clock.advance(1_000);
  assert.equal(outage.mayBegin, true);
});

test("a topic is told once an outage", () => {
  const { outage, ask } = setUp();
  ask("u1");
  assert.deepEqual([outage.isTold(5), outage.tell(5), outage.isTold(5), outage.tell(5)], [false, true, true, false]);
  outage.noteUp();
  ask("u1");
  assert.equal(outage.tell(5), true);
});

test("closed, it calls nobody any more", () => {
  const { clock, outage, ask, changes } = setUp();
  ask("u1");
  outage.close();
  const before = changes();
  clock.advance(60_000);
  assert.equal(changes(), before);
});
