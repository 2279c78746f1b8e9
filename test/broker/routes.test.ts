import assert from "node:assert/strict";
import { test } from "node:test";
import { Broker } from "../../src/broker/broker.ts";
import { readBrokerConfig } from "../../src/broker/config.ts";
import { SECRET, ask, openStage, sha256, type Stage, type Told } from "./support.ts";

const API = "/token?owner=acme&repositories=api&permissions=contents:write";

function revocations(stage: Stage): number {
  return stage.github.calls.filter((call) => call.method === "DELETE").length;
}

function revoke(stage: Stage, token: unknown, port = stage.port): Promise<Told> {
  return ask(port, "/v1/token", { method: "DELETE", body: { token: String(token) } });
}

test("a token that was made elsewhere is answered alike, and GitHub is not asked about it", async (t) => {
  const stage = await openStage(t);
  const other = await openStage(t);
  const { token } = (await other.ask(API)).json;
  const own = await revoke(stage, (await stage.ask(API)).json["token"]);
  const before = stage.github.calls.length;
  for (const foreign of [token, `ghs_${"a".repeat(36)}`]) {
    const told = await revoke(stage, foreign);
    assert.deepEqual([told.status, told.text], [own.status, own.text]);
  }
  assert.equal(stage.github.calls.length, before);
  assert.deepEqual([other.github.liveTokens().length, stage.github.liveTokens().length], [1, 0]);
});

test("a token of the App's that another broker made lives on", async (t) => {
  const stage = await openStage(t);
  const { token } = (await stage.ask(API)).json;
  const config = readBrokerConfig({
    GITHUB_APP_ID: "77",
    GITHUB_APP_PRIVATE_KEY_FILE: stage.keyFile,
    GITHUB_API_URL: stage.github.url,
    BROKER_SECRET: SECRET,
    BROKER_PORT: "0",
  });
  const sink = { write: () => undefined };
  const { broker, port } = await Broker.start({ config, clock: stage.clock, random: Math.random, sink });
  t.after(() => broker.stop());
  assert.equal((await revoke(stage, token, port)).status, 204);
  assert.deepEqual([revocations(stage), stage.github.liveTokens().length], [0, 1]);
});

test("a token that was evicted can still be ended, once", async (t) => {
  const stage = await openStage(t);
  const { token } = (await stage.ask(API)).json;
  await stage.ask("/v1/evict", { method: "POST", body: { token_sha256: sha256(String(token)) } });
  assert.equal((await revoke(stage, token)).status, 204);
  assert.deepEqual([revocations(stage), stage.github.liveTokens().length], [1, 0]);
  assert.equal((await revoke(stage, token)).status, 204);
  assert.equal(revocations(stage), 1);
});

test("a token that could not be ended can be ended later", async (t) => {
  const stage = await openStage(t);
  const { token } = (await stage.ask(API)).json;
  await stage.github.stop();
  assert.equal((await revoke(stage, token)).status, 503);
  await stage.github.start();
  assert.equal((await revoke(stage, token)).status, 204);
  assert.equal(stage.github.liveTokens().length, 0);
});

test("a token that has expired is GitHub's business no more", async (t) => {
  const stage = await openStage(t);
  const { token } = (await stage.ask(API)).json;
  stage.clock.leap(61 * 60_000);
  assert.equal((await revoke(stage, token)).status, 204);
  assert.equal(revocations(stage), 0);
});
