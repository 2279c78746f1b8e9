import assert from "node:assert/strict";
import { test } from "node:test";
import { openStage } from "./support.ts";

const API = "/token?owner=acme&repositories=api&permissions=contents:write";
const MINUTE = 60_000;

test("a token that died while the machine slept is not handed out", async (t) => {
  const stage = await openStage(t);
  const first = await stage.ask(API);
  stage.clock.suspend(61 * MINUTE);
  const second = await stage.ask(API);
  assert.deepEqual([second.status, second.headers["x-broker-cache"]], [200, "miss"]);
  assert.notEqual(second.json["token"], first.json["token"]);
  assert.equal(stage.github.liveTokens()[0]?.sha256, second.headers["x-token-sha256"]);
});

test("a token that has little left after the machine slept is replaced, and one that has enough is not", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  stage.clock.suspend(40 * MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "hit");
  stage.clock.suspend(11 * MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "miss");
});

test("after a sleep GitHub's time counts, not a clock that is hours off", async (t) => {
  const stage = await openStage(t);
  stage.github.clockOffsetMs = -3 * 60 * MINUTE;
  await stage.ask(API);
  stage.clock.suspend(30 * MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "hit");
  stage.clock.suspend(31 * MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "miss");
});
