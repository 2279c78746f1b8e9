import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEviction, parseRevocation, parseTokenBody, parseTokenQuery } from "../../src/broker/parse.ts";
import { sha256 } from "./support.ts";

const NONE: ReadonlySet<string> = new Set();
const plain = (query: string) => parseTokenQuery(query, NONE);

test("the query as the handbook shows it", () => {
  const parsed = plain("installation_id=12345&repositories=my-repo&permissions=contents:write,pull_requests:write");
  assert.deepEqual(parsed, {
    status: "ok",
    value: {
      installationId: 12_345,
      repositories: ["my-repo"],
      permissions: new Map([
        ["contents", "write"],
        ["pull_requests", "write"],
      ]),
    },
  });
});

test("query and body mean the same", () => {
  const body = {
    owner: "acme",
    repositories: ["a", "b.c"],
    repository_ids: [7],
    permissions: { issues: "read" },
    min_ttl_seconds: 90,
  };
  assert.deepEqual(
    plain("owner=acme&repositories=a,b.c&repository_ids=7&permissions=issues:read&min_ttl_seconds=90"),
    parseTokenBody(JSON.stringify(body), NONE),
  );
});

const badQueries: [title: string, query: string][] = [
  ["nothing", ""],
  ["neither owner nor id", "repositories=a"],
  ["an unknown key", "owner=a&repositories=a&admin=1"],
  ["a key twice", "owner=a&repositories=a&repositories=b"],
  ["a key twice, once escaped", "owner=a&repositories=a&%72epositories=b"],
  ["no repository between commas", "owner=a&repositories=a,,b"],
  ["empty repositories", "owner=a&repositories="],
  ["empty permissions", "owner=a&repositories=a&permissions="],
  ["a dot", "owner=a&repositories=."],
  ["two dots", "owner=a&repositories=.."],
  ["a slash", "owner=a&repositories=a/b"],
  ["an escaped slash", "owner=a&repositories=a%2fb"],
  ["a pattern", "owner=a&repositories=*"],
  ["a name of 101 characters", `owner=a&repositories=${"a".repeat(101)}`],
  ["a line feed", "owner=a&repositories=a%0a"],
  ["a NUL", "owner=a%00&repositories=a"],
  ["a letter of another script", "owner=a&repositories=%D0%B0pi"],
  ["an id with letters", "installation_id=1e3&repositories=a"],
  ["a negative id", "installation_id=-1&repositories=a"],
  ["an id of zero", "installation_id=0&repositories=a"],
  ["an id with a leading zero", "installation_id=01&repositories=a"],
  ["an id beyond all numbers", "installation_id=99999999999999999&repositories=a"],
  ["a repository's id with letters", "owner=a&repository_ids=7,x"],
  ["an unknown permission", "owner=a&repositories=a&permissions=contentz:read"],
  ["a permission of every object", "owner=a&repositories=a&permissions=constructor:read"],
  ["an unknown level", "owner=a&repositories=a&permissions=contents:all"],
  ["no level", "owner=a&repositories=a&permissions=contents"],
  ["a level too many", "owner=a&repositories=a&permissions=contents:read:write"],
  ["a permission twice", "owner=a&repositories=a&permissions=contents:read,contents:write"],
  ["capitals in a permission", "owner=a&repositories=a&permissions=Contents:read"],
  ["too short a life", "owner=a&repositories=a&min_ttl_seconds=59"],
  ["too long a life", "owner=a&repositories=a&min_ttl_seconds=3001"],
  ["a query without end", `owner=a&repositories=${"a,".repeat(5000)}a`],
];
for (const [title, query] of badQueries) {
  test(`a query is refused: ${title}`, () => {
    assert.equal(plain(query).status, "invalid");
  });
}

const badBodies: [title: string, body: string][] = [
  ["no JSON", "owner=a"],
  ["a list", "[]"],
  ["null", "null"],
  ["a text", '"owner"'],
  ["an unknown member", '{"owner":"a","repositories":["a"],"x":1}'],
  ["a number as owner", '{"owner":1,"repositories":["a"]}'],
  ["a null owner", '{"owner":null,"repositories":["a"]}'],
  ["a text as id", '{"installation_id":"1","repositories":["a"]}'],
  ["a fraction as id", '{"installation_id":1.5,"repositories":["a"]}'],
  ["no repositories in the list", '{"owner":"a","repositories":[]}'],
  ["no ids in the list", '{"owner":"a","repository_ids":[]}'],
  ["one text for the list", '{"owner":"a","repositories":"a"}'],
  ["numbers among names", '{"owner":"a","repositories":[7]}'],
  ["names among ids", '{"owner":"a","repository_ids":["7"]}'],
  ["permissions of nothing", '{"owner":"a","repositories":["a"],"permissions":{}}'],
  ["permissions as a list", '{"owner":"a","repositories":["a"],"permissions":["contents"]}'],
  ["a prototype", '{"owner":"a","repositories":["a"],"permissions":{"__proto__":"admin","contents":"read"}}'],
  [
    "a prototype in disguise",
    '{"owner":"a","repositories":["a"],"permissions":{"\\u005f_proto__":"admin","contents":"read"}}',
  ],
  ["a nested level", '{"owner":"a","repositories":["a"],"permissions":{"contents":{"x":1}}}'],
  ["the least life as text", '{"owner":"a","repositories":["a"],"min_ttl_seconds":"90"}'],
];
for (const [title, body] of badBodies) {
  test(`a body is refused: ${title}`, () => {
    assert.equal(parseTokenBody(body, NONE).status, "invalid");
  });
}

test("admin is a level, for the policy to deny", () => {
  assert.equal(plain("owner=a&repositories=a&permissions=contents:admin").status, "ok");
});

test("a permission that the policy adds is known", () => {
  assert.equal(
    parseTokenQuery("owner=a&repositories=a&permissions=artifacts:read", new Set(["artifacts"])).status,
    "ok",
  );
});

test("a refusal repeats nothing that was sent", () => {
  const secret = "ghs_thisIsATokenInTheWrongPlace123456789";
  for (const query of [
    `owner=${secret}!`,
    `owner=a&${secret}=1`,
    `owner=a&repositories=a&permissions=${secret}:read`,
  ]) {
    assert.ok(!JSON.stringify(plain(query)).includes(secret), query);
  }
  for (const body of [
    `{"owner":"a","${secret}":1}`,
    `{"owner":"a","repositories":["a"],"permissions":{"${secret}":"x"}}`,
    secret,
  ]) {
    assert.ok(!JSON.stringify(parseTokenBody(body, NONE)).includes(secret), body);
  }
});

test("a token's hash is taken in hex and in base64", () => {
  const base64 = sha256("x");
  const ok = { status: "ok", value: base64 };
  for (const given of [base64, base64.replace("=", ""), sha256("x", "hex"), sha256("x", "hex").toUpperCase()]) {
    assert.deepEqual(parseEviction(JSON.stringify({ token_sha256: given })), ok);
  }
  for (const given of ["", "x", "g".repeat(64), `${base64}A`, 5]) {
    assert.equal(parseEviction(JSON.stringify({ token_sha256: given })).status, "invalid");
  }
  assert.equal(parseEviction(JSON.stringify({ token_sha256: base64, x: 1 })).status, "invalid");
});

test("a token to be revoked is opaque, but no more than printable", () => {
  const given = (token: unknown) => parseRevocation(JSON.stringify({ token })).status;
  assert.equal(given("anything-of-twenty-or-more!"), "ok");
  for (const token of ["short", "a".repeat(4097), "a token with blanks in it", `${"a".repeat(30)}\r\nx: y`, 7])
    assert.equal(given(token), "invalid");
});
