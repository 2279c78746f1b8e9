import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsecuredJWT } from "jose";
import { systemClock } from "../../../src/core/clock.ts";
import { AccessTokens } from "../../../src/dashboard/access/jwt.ts";
import { ManualClock } from "../host/manual-clock.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { AUDIENCE, openIssuer } from "./issuer.ts";
import type { Claims, Issuer } from "./issuer.ts";

function tokensOf(issuer: Issuer, clock = systemClock): AccessTokens {
  return new AccessTokens({ issuer: issuer.url, audience: AUDIENCE }, clock, memoryLog().log);
}

test("a JWT of the team and the application is good until it expires", async (t) => {
  const issuer = await openIssuer(t);
  const verdict = await tokensOf(issuer).verify(await issuer.sign({ expiresIn: 60 }));
  assert.equal(verdict.status, "good");
  assert.ok(verdict.until > Date.now() + 50_000 && verdict.until <= Date.now() + 60_000);
});

const bad: readonly [string, Claims][] = [
  ["another team's", { issuer: "https://other.cloudflareaccess.com" }],
  ["another application's", { audience: "f".repeat(64) }],
  ["expired", { expiresIn: -60 }],
  ["expired just now", { expiresIn: -1 }],
  ["signed with another key", { stranger: true }],
  ["of an unknown key", { kid: "key-9", stranger: true }],
];
for (const [what, claims] of bad) {
  test(`one that is ${what} is bad, at once where the keys are held`, async (t) => {
    const issuer = await openIssuer(t);
    const tokens = tokensOf(issuer);
    const token = await issuer.sign(claims);
    assert.deepEqual(await tokens.verify(token), { status: "bad" });
    await tokens.warm();
    const now = tokens.verdictNow(token);
    assert.deepEqual(now, claims.kid === undefined ? { status: "bad" } : undefined);
  });
}

for (const [what, token] of [
  ["no JWT", "nonsense"],
  ["empty", ""],
  ["without a signature", new UnsecuredJWT({}).setIssuer("https://x").setAudience(AUDIENCE).encode()],
  ["too long", "x".repeat(20_000)],
] as const) {
  test(`one that is ${what} is bad, and told so at once`, async (t) => {
    const issuer = await openIssuer(t);
    const tokens = tokensOf(issuer);
    assert.deepEqual(tokens.verdictNow(token), { status: "bad" });
    assert.deepEqual(await tokens.verify(token), { status: "bad" });
  });
}

test("a good one is never let in at once unless it was verified before", async (t) => {
  const issuer = await openIssuer(t);
  const tokens = tokensOf(issuer);
  await tokens.warm();
  const token = await issuer.sign();
  assert.equal(tokens.verdictNow(token), undefined);
  await tokens.verify(token);
  assert.equal(tokens.verdictNow(token)?.status, "good");
});

test("a verdict ends with the JWT", async (t) => {
  const issuer = await openIssuer(t);
  const clock = new ManualClock(Date.now());
  const tokens = tokensOf(issuer, clock);
  const token = await issuer.sign({ expiresIn: 30 });
  assert.equal((await tokens.verify(token)).status, "good");
  clock.advance(31_000);
  assert.deepEqual(tokens.verdictNow(token), { status: "bad" });
  clock.advance(30_000);
  assert.deepEqual(await tokens.verify(token), { status: "bad" });
});

test("the keys are fetched once for many, and not again for a flood of unknown key ids", async (t) => {
  const issuer = await openIssuer(t);
  const tokens = tokensOf(issuer);
  await tokens.warm();
  const unknown = await Promise.all([1, 2, 3, 4].map((n) => issuer.sign({ kid: `flood-${n}` })));
  await Promise.all(unknown.map((token) => tokens.verify(token)));
  assert.equal(issuer.fetched(), 1);
});

test("a key that is new is found by those that have fetched none yet", async (t) => {
  const issuer = await openIssuer(t);
  await issuer.rotate();
  assert.equal((await tokensOf(issuer).verify(await issuer.sign())).status, "good");
});

test("without keys nobody gets in, and the log says why", async (t) => {
  const issuer = await openIssuer(t);
  issuer.breakDown();
  const { log, lines } = memoryLog();
  const tokens = new AccessTokens({ issuer: issuer.url, audience: AUDIENCE }, systemClock, log);
  await tokens.warm();
  assert.deepEqual(await tokens.verify(await issuer.sign()), { status: "bad" });
  assert.equal(lines[0]?.message, "no keys of Cloudflare Access yet");
});
