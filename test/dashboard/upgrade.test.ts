import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry, UpgradeEntry } from "../../src/dashboard/access/access.ts";
import type { Peer } from "../../src/dashboard/connection.ts";
import { Refusal } from "../../src/dashboard/errors.ts";
import type { Request } from "../../src/dashboard/http.ts";
import { decideUpgrade } from "../../src/dashboard/upgrade.ts";
import { ManualClock } from "./host/manual-clock.ts";
import { FakeConnection } from "./socket/support.ts";

const MOST_HELD = 32;

interface Stage {
  readonly connection: FakeConnection;
  readonly clock: ManualClock;
  readonly peer: Peer;
  /** What has reached the one who answers, once there is one. */
  readonly heard: string[];
  readonly begun: () => number;
}

function stage(entry: (clock: ManualClock) => UpgradeEntry): Stage {
  const clock = new ManualClock(1_700_000_000_000);
  const heard: string[] = [];
  let begun = 0;
  const upgrade = decideUpgrade(request(), {
    access: { checkUpgrade: () => entry(clock) },
    clock,
    sockets: () => 0,
    maxSockets: 1,
    begin() {
      begun += 1;
      return { onMessage: (text) => heard.push(text), onDrain: () => undefined, onClose: () => heard.push("closed") };
    },
  });
  assert.ok(upgrade.status === "open");
  const connection = new FakeConnection();
  return { connection, clock, peer: upgrade.peer(connection), heard, begun: () => begun };
}

function request(): Request {
  const headers = new Map([["sec-websocket-protocol", "tinyclaw.v1"]]);
  return { method: "GET", path: "/ws", query: new URLSearchParams(), headers };
}

function verdict(): { promise: Promise<Entry>; give: (entry: Entry) => Promise<void> } {
  let resolve: (entry: Entry) => void = () => undefined;
  const promise = new Promise<Entry>((done) => {
    resolve = done;
  });
  return {
    promise,
    async give(entry) {
      resolve(entry);
      await new Promise((done) => {
        setImmediate(done);
      });
    },
  };
}

function codeOf({ closed }: FakeConnection): number | undefined {
  return closed?.code;
}

const frames = (count: number): string[] => Array.from({ length: count }, (_, n) => `frame ${n}`);

test("what is said before the verdict is heard after it, in order, up to so many frames", async () => {
  const { promise, give } = verdict();
  const { connection, peer, heard, begun } = stage(() => ({ status: "held", verdict: promise }));
  for (const text of frames(MOST_HELD)) peer.onMessage(text);
  assert.deepEqual([heard, begun(), connection.closed], [[], 0, undefined]);
  await give({ status: "in" });
  peer.onMessage("later");
  assert.deepEqual(heard, [...frames(MOST_HELD), "later"]);
});

test("who says more than that before the verdict is shown out", () => {
  const { connection, peer, begun } = stage(() => ({ status: "held", verdict: new Promise(() => undefined) }));
  for (const text of frames(MOST_HELD)) peer.onMessage(text);
  assert.equal(codeOf(connection), undefined);
  peer.onMessage("one more");
  assert.equal(codeOf(connection), 1008);
  assert.equal(begun(), 0);
});

test("a verdict against somebody closes the connection, and nothing that was said is heard", async () => {
  const { promise, give } = verdict();
  const { connection, peer, heard, begun } = stage(() => ({ status: "held", verdict: promise }));
  peer.onMessage("let me in");
  await give({ status: "refused", refusal: new Refusal("unauthenticated", "no") });
  assert.deepEqual([codeOf(connection), heard, begun()], [4401, [], 0]);
});

test("a verdict that comes after the connection is gone begins nothing", async () => {
  const { promise, give } = verdict();
  const { connection, peer, begun } = stage(() => ({ status: "held", verdict: promise }));
  peer.onClose();
  await give({ status: "in" });
  assert.deepEqual([begun(), connection.closed], [0, undefined]);
});

test("a sign-in that expires closes the connection, unless it is closed before", () => {
  const signedIn = (clock: ManualClock): UpgradeEntry => ({ status: "in", until: clock.now() + 1_000 });
  const expired = stage(signedIn);
  expired.clock.advance(999);
  assert.equal(codeOf(expired.connection), undefined);
  expired.clock.advance(1);
  assert.equal(codeOf(expired.connection), 4401);
  const left = stage(signedIn);
  left.peer.onClose();
  left.clock.advance(2_000);
  assert.deepEqual([left.connection.closed, left.heard], [undefined, ["closed"]]);
});
