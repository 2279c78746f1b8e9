import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { test } from "node:test";
import { Redactor } from "../../src/broker/redact.ts";
import { Secret } from "../../src/core/secrets.ts";

const redactor = new Redactor([new Secret("caller-secret-of-thirty-two-bytes!")]);
const jwt = `${Buffer.from('{"alg":"RS256","typ":"JWT"}').toString("base64url")}.${Buffer.from('{"iat":1,"exp":2,"iss":"77"}').toString("base64url")}.${randomBytes(256).toString("base64url")}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }) as string;

const secrets: [name: string, text: string][] = [
  ["a classic token", "ghs_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["a token of the form of 2026", `ghs_77_${jwt}`],
  ["a user's token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"],
  ["a fine-grained token", "github_pat_11ABCDEFG0123456789_abcdefghijklmnop"],
  ["a JWT", jwt],
  ["a JWT without its signature", jwt.slice(0, jwt.lastIndexOf("."))],
  ["a PKCS#8 key", pkcs8],
  ["a PKCS#1 key", pkcs1],
  ["a key on one line", pkcs8.replaceAll("\n", " ")],
  ["a key with its line feeds spelled out", pkcs8.replaceAll("\n", "\\n")],
  ["a key without its last line", pkcs8.split("\n").slice(0, -2).join("\n")],
  ["a key's body alone", pkcs8.split("\n").slice(1, -2).join("\n")],
  ["a key in base64", Buffer.from(pkcs8).toString("base64")],
  ["a caller's secret", "caller-secret-of-thirty-two-bytes!"],
];
for (const [name, secret] of secrets) {
  test(`${name} does not get through, plain or in JSON`, () => {
    const pieces = secret.replace(/-----[A-Z0-9 ]+-----|^ghs_77_/g, "").match(/[A-Za-z0-9+/=_!.-]{12,}/g) ?? [];
    assert.ok(pieces.length > 0);
    for (const line of [
      `before ${secret} after`,
      `${JSON.stringify({ detail: `x ${secret} y`, next: 1 })}\n`,
      `(${secret})`,
      `Bearer ${secret}`,
    ]) {
      const out = redactor.redact(line);
      for (const piece of pieces) assert.ok(!out.includes(piece.slice(0, 12)), `${piece.slice(0, 12)} in ${out}`);
    }
  });
}

test("a line stays a line of JSON, with what stands around a secret", () => {
  for (const [, secret] of secrets) {
    const out = redactor.redact(JSON.stringify({ before: "kept", detail: secret, next: "kept too" }));
    const { before, next } = JSON.parse(out) as Record<string, string>;
    assert.deepEqual([before, next], ["kept", "kept too"]);
  }
});

test("2000 tokens of the new form leave nothing behind", () => {
  for (let n = 0; n < 2000; n += 1) {
    const token = `ghs_77_${Buffer.from('{"alg":"RS256"}').toString("base64url")}.${randomBytes(90).toString("base64url")}.${randomBytes(256).toString("base64url")}`;
    assert.equal(redactor.redact(`a ${token} b`), "a [redacted] b");
  }
});

test("a token of no known form is taken out once it is known, in every spelling", () => {
  const own = new Redactor([]);
  const token = 'v1.odd"token\\with+marks&more~40';
  const line = `${token} ${JSON.stringify(token)} ${encodeURIComponent(token)}`;
  assert.equal(own.redact(line), line);
  own.remember(token);
  own.remember(token);
  assert.equal(own.redact(line), '[redacted] "[redacted]" [redacted]');
});

test("a token that a pattern covers in part only is taken out whole", () => {
  const own = new Redactor([]);
  const token = "ghs_16C7e42F292c6912E7710c+838347Ae178B4a";
  own.remember(token);
  assert.equal(own.redact(token), "[redacted]");
});

test("of a thousand odd tokens none is forgotten, of more the oldest", () => {
  const own = new Redactor([]);
  const token = (n: number): string => `odd+token+number+${String(n).padStart(6, "0")}`;
  for (let n = 0; n <= 1000; n += 1) own.remember(token(n));
  assert.equal(own.redact(token(1000)), "[redacted]");
  assert.equal(own.redact(token(1)), "[redacted]");
  assert.equal(own.redact(token(0)), token(0));
});

test("what is no secret stays", () => {
  const line =
    '{"owner":"acme","token_sha256":"VoMHevW7cYxlg8uVbwlJMu/I0aDTtsLwEket4lTIosA=","asked":"contents:write","request_id":"b5b8e58c-c459-4cd9-9e15-6bf1b4b74f9a"}';
  assert.equal(redactor.redact(line), line);
});
