import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import { verifyJwt } from "../../../src/sandbox/github/jwt.ts";
import { AppKeys } from "../../../src/sandbox/github/keys.ts";
import { TEXT } from "../../../src/sandbox/github/texts.ts";
import { makeJwt } from "./jwt-maker.ts";
import type { Claims } from "./jwt-maker.ts";

const keys = new AppKeys();
const key = keys.add();
const stranger = new AppKeys().add();
const app = { appId: 7, clientId: "Iv23abc" };
const nowMs = Date.now();
const now = Math.floor(nowMs / 1000);

function told(jwt: string): string {
  const verdict = verifyJwt(jwt, app, keys.publicKeys, nowMs);
  return verdict.status === "ok" ? "ok" : verdict.message;
}

const cases: readonly (readonly [string, Claims, string])[] = [
  ["the id as a number", { iss: 7 }, "ok"],
  ["the id as a string", { iss: "7" }, "ok"],
  ["the client id", { iss: "Iv23abc" }, "ok"],
  ["another App's id", { iss: 8 }, TEXT.badJwt],
  ["no issuer", { iss: undefined }, TEXT.issuer],
  ["a lifetime of just ten minutes", { exp: now + 600 }, "ok"],
  ["an end a second beyond ten minutes", { exp: now + 601 }, TEXT.tooFar],
  ["an end that is now", { exp: now }, TEXT.expired],
  ["no end", { exp: undefined }, TEXT.expired],
  ["a start a minute ahead", { iat: now + 60 }, "ok"],
  ["a start more than a minute ahead", { iat: now + 61 }, TEXT.issuedAt],
  ["a start that is no whole number", { iat: now - 0.5 }, TEXT.issuedAt],
  ["no start", { iat: undefined }, TEXT.issuedAt],
];
for (const [what, claims, expected] of cases) {
  test(`a JWT with ${what} is told: ${expected}`, () => {
    assert.equal(told(makeJwt(key, claims)), expected);
  });
}

test("a JWT signed by an unknown key, changed after signing or of another algorithm is not decoded", () => {
  const good = makeJwt(key);
  const [header, , signature] = good.split(".");
  const forged = `${header}.${makeJwt(stranger, { iss: "7" }).split(".")[1]}.${signature}`;
  const bad = [
    makeJwt(stranger),
    forged,
    makeJwt(key, {}, { alg: "HS256" }),
    makeJwt(key, {}, { alg: "none" }),
    `${good}.more`,
    `${header}.${signature}`,
    "a.b.c",
    "",
  ];
  assert.deepEqual(bad.map(told), Array<string>(bad.length).fill(TEXT.badJwt));
});

test("two keys count side by side, and a removed one no longer", () => {
  const ring = new AppKeys();
  const [first, second] = [ring.add(), ring.add()];
  const counts = (one: typeof first): boolean => verifyJwt(makeJwt(one), app, ring.publicKeys, nowMs).status === "ok";
  assert.deepEqual([counts(first), counts(second)], [true, true]);
  ring.remove(first);
  assert.deepEqual([counts(first), counts(second)], [false, true]);
});

test("a key is RSA-2048 in PKCS#8", () => {
  assert.match(key.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.equal(createPublicKey(key.privateKeyPem).asymmetricKeyDetails?.modulusLength, 2048);
});
