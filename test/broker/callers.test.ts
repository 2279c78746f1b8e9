import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticate, foreignTrait } from "../../src/broker/callers.ts";
import { readPolicy } from "../../src/broker/policy-file.ts";
import { OTHER_SECRET, SECRET, policyText, sha256 } from "./support.ts";

const reading = readPolicy(policyText());
const policy = reading.status === "ok" ? reading.policy : assert.fail();

const headers: [title: string, given: string[] | undefined, client: string | undefined][] = [
  ["the secret", [`Bearer ${SECRET}`], "agent"],
  ["the scheme in other letters", [`bearer ${SECRET}`], "agent"],
  ["another client's", [`Bearer ${OTHER_SECRET}`], "second"],
  ["none", undefined, undefined],
  ["an empty one", [""], undefined],
  ["no secret", ["Bearer "], undefined],
  ["a wrong one", [`Bearer ${SECRET}x`], undefined],
  ["a part of it", [`Bearer ${SECRET.slice(0, -1)}`], undefined],
  ["its digest", [`Bearer ${sha256(SECRET, "hex")}`], undefined],
  ["another scheme", [`Basic ${SECRET}`], undefined],
  ["no scheme", [SECRET], undefined],
  ["two of them", [`Bearer ${SECRET}`, `Bearer ${SECRET}`], undefined],
  ["two in one", [`Bearer ${SECRET}, Bearer ${SECRET}`], undefined],
];
for (const [title, given, client] of headers) {
  test(`Authorization with ${title} is ${client ?? "nobody"}'s`, () => {
    assert.equal(authenticate(given, policy), client);
  });
}

test("both secrets of a client count while it changes them", () => {
  const [agent] = policy.clients;
  assert.ok(agent !== undefined);
  const digests = [SECRET, OTHER_SECRET].map((secret) => Buffer.from(sha256(secret, "hex"), "hex"));
  const both = { ...policy, clients: [{ ...agent, secretDigests: digests }] };
  assert.equal(authenticate([`Bearer ${SECRET}`], both), "agent");
  assert.equal(authenticate([`Bearer ${OTHER_SECRET}`], both), "agent");
});

test("a short secret is refused even if the policy has its digest", () => {
  const short = "only-31-bytes-long-0123456789ab";
  const other = readPolicy(policyText().replace(sha256(SECRET, "hex"), sha256(short, "hex")));
  assert.equal(short.length, 31);
  assert.equal(other.status === "ok" && authenticate([`Bearer ${short}`], other.policy), undefined);
});

const hosts = new Set(["broker", "localhost", "127.0.0.1", "[::1]"]);
const traits: [title: string, headers: Record<string, string>, foreign: boolean][] = [
  ["its own name", { host: "broker" }, false],
  ["its own name and a port", { host: "broker:3000" }, false],
  ["capitals", { host: "LocalHost:3000" }, false],
  ["the address it came to", { host: "172.18.0.3:3000" }, false],
  ["another address", { host: "172.18.0.4:3000" }, true],
  ["an IPv6 address", { host: "[::1]:3000" }, false],
  ["no Host", {}, true],
  ["an empty Host", { host: "" }, true],
  ["a foreign Host", { host: "evil.example" }, true],
  ["a Host that begins like ours", { host: "broker.evil.example" }, true],
  ["a Host that ends like ours", { host: "evil.broker" }, true],
  ["a Host with a dot at its end", { host: "broker." }, true],
  ["a Host with a user", { host: "x@broker" }, true],
  ["Origin", { host: "broker", origin: "http://broker" }, true],
  ["an Origin of null", { host: "broker", origin: "null" }, true],
  ["Sec-Fetch-Site", { host: "broker", "sec-fetch-site": "same-origin" }, true],
  ["Forwarded", { host: "broker", forwarded: "for=1.2.3.4" }, true],
  ["X-Forwarded-For", { host: "broker", "x-forwarded-for": "1.2.3.4" }, true],
];
for (const [title, given, foreign] of traits) {
  test(`a request with ${title} is ${foreign ? "foreign" : "ours"}`, () => {
    assert.equal(foreignTrait(given, hosts, "::ffff:172.18.0.3") !== undefined, foreign);
  });
}
