/** `node fuzz.test.js N` tries N inputs on each parser, 20 000 by default. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGitCredential } from "../../src/broker/git-credential.ts";
import { parseTokenBody, parseTokenQuery, type Parsed, type TokenAsk } from "../../src/broker/parse.ts";
import { PERMISSION_NAMES, isLevel } from "../../src/broker/permissions.ts";

const INPUTS = Number(process.argv[2] ?? 20_000);
const NONE: ReadonlySet<string> = new Set();
const NAME = /^[A-Za-z0-9._-]{1,100}$/;
const runs = { numRuns: INPUTS };

/** Pieces that are nearly right, in any order, with noise between them. */
function soup(...pieces: readonly string[]): fc.Arbitrary<string> {
  const noise = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom("\0", "\r", "\n", "%", "%00", "%0a", "&", "=", ",", ":", "..", "/", "\u202e", "\ud800"),
  );
  const piece = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: noise });
  return fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(""));
}

function isSound(parsed: Parsed<TokenAsk>): boolean {
  if (parsed.status === "invalid") return /^[^"\\]{1,200}$/.test(parsed.message);
  const { owner, installationId, repositories, repositoryIds, permissions, minTtlSeconds } = parsed.value;
  const isId = (id: number): boolean => Number.isSafeInteger(id) && id > 0;
  return (
    (owner !== undefined || installationId !== undefined) &&
    (owner === undefined || /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(owner)) &&
    (installationId === undefined || isId(installationId)) &&
    (repositories === undefined ||
      (repositories.length > 0 && repositories.every((name) => NAME.test(name) && !/^\.\.?$/.test(name)))) &&
    (repositoryIds === undefined || (repositoryIds.length > 0 && repositoryIds.every(isId))) &&
    (permissions === undefined ||
      (permissions.size > 0 &&
        [...permissions].every(([name, level]) => PERMISSION_NAMES.has(name) && isLevel(level)))) &&
    (minTtlSeconds === undefined || (minTtlSeconds >= 60 && minTtlSeconds <= 3000))
  );
}

/** Shares of good and bad, so that a parser which refuses all is found out. */
function tally() {
  const seen = { ok: 0, bad: 0 };
  return { seen, note: (isOk: boolean) => (isOk ? (seen.ok += 1) : (seen.bad += 1)) };
}

test(`${INPUTS} queries: each is refused or sound`, { timeout: 3_600_000 }, () => {
  const { seen, note } = tally();
  const input = soup(
    "owner=acme",
    "owner=a",
    "&",
    "&",
    "repositories=api",
    "repositories=",
    "api",
    ",",
    "installation_id=",
    "7",
    "permissions=",
    "contents:write",
    "issues:read",
    "contents",
    ":",
    "read",
    "min_ttl_seconds=",
    "600",
    "repository_ids=",
  );
  fc.assert(
    fc.property(input, (query) => {
      const parsed = parseTokenQuery(query, NONE);
      note(parsed.status === "ok");
      return isSound(parsed);
    }),
    runs,
  );
  assert.ok(seen.ok > 0 && seen.bad > 0, JSON.stringify(seen));
});

test(`${INPUTS} bodies: each is refused or sound`, { timeout: 3_600_000 }, () => {
  const { seen, note } = tally();
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      "acme",
      "api",
      "..",
      "",
      7,
      0,
      -1,
      1e300,
      null,
      true,
      ["api"],
      [],
      ["a", "b/c"],
      [7],
      [1.5],
      { contents: "read" },
      { contents: "all" },
      {},
      { constructor: "read" },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const key = fc.constantFrom(
    "owner",
    "installation_id",
    "repositories",
    "repository_ids",
    "permissions",
    "min_ttl_seconds",
    "__proto__",
    "x",
  );
  const likely = fc.record(
    {
      owner: fc.constantFrom("acme", "a/b"),
      repositories: fc.array(fc.constantFrom("api", "web", "..", "a b"), { maxLength: 3 }),
      permissions: fc.dictionary(
        fc.constantFrom("contents", "issues", "nope"),
        fc.constantFrom("read", "write", "admin", "none"),
      ),
    },
    { requiredKeys: ["owner"] },
  );
  const text = fc.oneof(
    { weight: 3, arbitrary: likely.map((one) => JSON.stringify(one)) },
    { weight: 3, arbitrary: fc.dictionary(key, value).map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: soup("{", "}", '"', "owner", ":", "[", "]", ",", '"api"', "\\u0000", "1e9") },
  );
  fc.assert(
    fc.property(text, (body) => {
      const parsed = parseTokenBody(body, NONE);
      note(parsed.status === "ok");
      return isSound(parsed);
    }),
    runs,
  );
  assert.ok(seen.ok > 0 && seen.bad > 0, JSON.stringify(seen));
});

test(`${INPUTS} requests of git: only the host's repositories get through`, { timeout: 3_600_000 }, () => {
  const { seen, note } = tally();
  const line = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom("protocol=https", "host=github.com", "path=acme/api.git", "host=GitHub.com:443"),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "protocol=http",
        "host=github.com.evil.com",
        "host=github.com@evil.com",
        "path=../x",
        "path=a/b/c",
        "wwwauth[]=Basic",
        "username=x",
        "",
      ),
    },
    { weight: 1, arbitrary: soup("path=", "acme", "/", "api", ".git", "host=", "github.com", "=") },
  );
  const text = fc.array(line, { maxLength: 7 }).map((lines) => `${lines.join("\n")}\n`);
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parseGitCredential(given, "github.com");
      note(parsed.status === "ok");
      if (parsed.status !== "ok") return /^[^"\\]{1,200}$/.test(parsed.message);
      const hosts = given.split("\n").filter((one) => one.startsWith("host="));
      return (
        hosts.length === 1 &&
        /^host=github\.com(?::443)?$/i.test(hosts[0] ?? "") &&
        given
          .split("\n")
          .filter((one) => one.startsWith("protocol="))
          .join() === "protocol=https" &&
        NAME.test(parsed.repository) &&
        /^[A-Za-z0-9][\w-]*$/.test(parsed.owner) &&
        !/[\0\r]/.test(given)
      );
    }),
    runs,
  );
  assert.ok(seen.ok > 0 && seen.bad > 0, JSON.stringify(seen));
});
