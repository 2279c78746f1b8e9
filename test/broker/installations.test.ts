import assert from "node:assert/strict";
import { test } from "node:test";
import { Installations } from "../../src/broker/installations.ts";
import { Limiter } from "../../src/broker/limits.ts";
import { openStage, type Stage } from "./support.ts";

const LOOK_UP = /^\/(?:users\/[^/]+\/installation|orgs\/[^/]+\/installation|app\/installations\/\d+)$/;

function lookUps(stage: Stage): number {
  return stage.github.calls.filter((call) => LOOK_UP.test(call.path)).length;
}

test("look-ups of accounts that do not exist come to an end before GitHub's limit does", async (t) => {
  const stage = await openStage(t);
  stage.clock.freeze();
  assert.equal((await stage.ask("/token?owner=acme&repositories=api")).status, 200);
  const before = lookUps(stage);
  const told = [];
  for (let n = 0; n < 30; n += 1) told.push(await stage.ask(`/token?owner=nobody-${n}&repositories=api`));
  assert.deepEqual(
    told.map((one) => one.status),
    [...Array.from({ length: 19 }, () => 404), ...Array.from({ length: 11 }, () => 429)],
  );
  assert.deepEqual([told[29]?.json["error"], told[29]?.json["retryable"]], ["rate_limited", true]);
  const wait = Number(told[29]?.headers["retry-after"]);
  assert.ok(wait >= 1 && wait <= 3, String(wait));
  assert.equal(lookUps(stage) - before, 38);
  // Known accounts cost no look-up, and remembered refusals none either.
  assert.equal((await stage.ask("/token?owner=acme&repositories=web")).status, 200);
  assert.equal((await stage.ask("/token?owner=nobody-0&repositories=web")).status, 404);
  assert.equal(lookUps(stage) - before, 38);
  stage.clock.leap(4000);
  assert.equal((await stage.ask("/token?owner=nobody-29&repositories=api")).status, 404);
});

test("look-ups of ids that do not exist are counted too", async (t) => {
  const stage = await openStage(t);
  stage.clock.freeze();
  const statuses = [];
  for (let n = 0; n < 22; n += 1) {
    statuses.push((await stage.ask(`/token?installation_id=${9000 + n}&repositories=api`)).status);
  }
  assert.deepEqual(statuses, [...Array.from({ length: 20 }, () => 404), 429, 429]);
  assert.equal(lookUps(stage), 20);
});

test("askers at once for one account share a look-up, and it is counted once", async (t) => {
  const stage = await openStage(t);
  const target = "/token?owner=nobody&repositories=api";
  const told = await Promise.all(Array.from({ length: 50 }, () => stage.ask(target)));
  assert.deepEqual([...new Set(told.map((one) => one.status))], [404]);
  assert.equal(lookUps(stage), 2);
  assert.equal((await stage.ask("/token?owner=acme&repositories=api")).status, 200);
});

test('"not installed" is believed for half a minute, and an App installed meanwhile is seen after it', async (t) => {
  const stage = await openStage(t);
  const target = "/token?owner=newco&repositories=api";
  assert.equal((await stage.ask(target)).status, 404);
  const before = lookUps(stage);
  stage.github.addInstallation({
    account: "newco",
    id: 3,
    repositories: [{ name: "api", id: 701 }],
    permissions: { contents: "write", metadata: "read" },
  });
  assert.equal((await stage.ask(target)).status, 404);
  assert.equal(lookUps(stage), before);
  stage.clock.leap(30_000);
  assert.equal((await stage.ask(target)).status, 200);
});

test("of more than a thousand accounts the first is looked up again", async () => {
  const asked: string[] = [];
  const installationOf = (login: string) => {
    asked.push(login);
    return Promise.resolve({ status: "ok", value: { id: asked.length, login }, at: 0, requestId: undefined } as const);
  };
  let now = 0;
  const api = { installationOf, installationById: () => installationOf("none") };
  const installations = new Installations(api, new Limiter(), () => now);
  for (let n = 0; n <= 1000; n += 1) {
    now += 60_000;
    assert.equal((await installations.byOwner("agent", `a${n}`, 0)).status, "found");
  }
  await installations.byOwner("agent", "A1", 0);
  assert.equal(asked.length, 1001);
  await installations.byOwner("agent", "a0", 0);
  assert.equal(asked.length, 1002);
});
