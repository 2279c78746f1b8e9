import assert from "node:assert/strict";
import { test } from "node:test";
import { gitAnswer, parseGitCredential } from "../../src/broker/git-credential.ts";

function wanted(fields: Record<string, string>, webHost = "github.com") {
  const text = Object.entries(fields)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
  return parseGitCredential(`${text}\n`, webHost);
}
const good = { protocol: "https", host: "github.com", path: "acme/api.git" };
const found = { status: "ok", owner: "acme", repository: "api" };

const paths: [path: string, repository: string | undefined][] = [
  ["acme/api.git", "api"],
  ["acme/api", "api"],
  ["/acme/api", "api"],
  ["acme/api/", "api"],
  ["acme/api.js.git", "api.js"],
  ["acme/api.wiki.git", "api"],
  ["acme/api.git/info/lfs", "api"],
  ["acme/api/info/lfs/objects/batch", "api"],
  ["acme", undefined],
  ["acme/", undefined],
  ["acme/api/x", undefined],
  ["acme/..", undefined],
  ["acme/.git", undefined],
  ["../acme/api", undefined],
  ["acme/../evil/api", undefined],
  ["acme/a%2fb", undefined],
  ["acme/a b", undefined],
  ["acme/api?x=1", undefined],
  ["acme/api.git/info/refs", undefined],
  [`acme/${"a".repeat(101)}`, undefined],
];
for (const [path, repository] of paths) {
  test(`the path ${path.slice(0, 40)} ${repository === undefined ? "names no repository" : `names ${repository}`}`, () => {
    const parsed = wanted({ ...good, path });
    assert.deepEqual(parsed.status === "ok" ? parsed.repository : undefined, repository);
  });
}

test("case and the usual port of the host make no difference", () => {
  for (const host of ["GitHub.com", "github.com:443", "GITHUB.COM:443"])
    assert.deepEqual(wanted({ ...good, host }), found);
});

test("another host, look-alikes and plain http get nothing", () => {
  const hosts = [
    "evil.com",
    "github.com.evil.com",
    "evil.github.com",
    "api.github.com",
    "github.com@evil.com",
    "github.com:444",
    "github.com.",
    "githubXcom",
    "[::1]",
    "",
  ];
  for (const host of hosts) assert.equal(wanted({ ...good, host }).status, "elsewhere", host);
  for (const protocol of ["http", "HTTPS", "ssh", "git", ""])
    assert.equal(wanted({ ...good, protocol }).status, "elsewhere", protocol);
});

test("an Enterprise Server's host takes the place of github.com", () => {
  assert.deepEqual(wanted({ ...good, host: "git.corp:8443" }, "git.corp:8443"), found);
  assert.equal(wanted(good, "git.corp:8443").status, "elsewhere");
  assert.equal(wanted({ ...good, host: "git.corp" }, "git.corp:8443").status, "elsewhere");
});

test("without a path nobody guesses", () => {
  const { path: _path, ...without } = good;
  const parsed = wanted(without);
  assert.equal(parsed.status, "invalid");
  assert.match(parsed.status === "invalid" ? parsed.message : "", /useHttpPath/);
  assert.equal(wanted({ ...good, path: "" }).status, "invalid");
});

test("what newer gits add is skipped", () => {
  assert.deepEqual(
    wanted({
      "capability[]": "authtype",
      ...good,
      "wwwauth[]": 'Basic realm="GitHub"',
      "state[]": "x=y",
      username: "me",
    }),
    found,
  );
});

const bad: [title: string, text: string][] = [
  ["nothing", ""],
  ["no host", "protocol=https\npath=a/b\n"],
  ["no protocol", "host=github.com\npath=a/b\n"],
  ["a line without =", "protocol=https\nhost\n"],
  ["a line without key", "protocol=https\n=github.com\n"],
  ["a carriage return", "protocol=https\r\nhost=github.com\r\npath=a/b\r\n"],
  ["a NUL", "protocol=https\nhost=github.com\0.evil.com\npath=a/b\n"],
  ["two hosts", "protocol=https\nhost=github.com\nhost=evil.com\npath=a/b\n"],
  ["two protocols", "protocol=https\nprotocol=http\nhost=github.com\npath=a/b\n"],
  ["two paths", "protocol=https\nhost=github.com\npath=a/b\npath=c/d\n"],
  ["a second request", "protocol=https\nhost=github.com\npath=a/b\n\nprotocol=https\n"],
  ["lines without end", `protocol=https\nhost=github.com\npath=a/b\n${"x=y\n".repeat(100)}`],
];
for (const [title, text] of bad) {
  test(`refused: ${title}`, () => {
    assert.equal(parseGitCredential(text, "github.com").status, "invalid");
  });
}

test("a hundred lines are taken", () => {
  assert.deepEqual(
    parseGitCredential(`protocol=https\nhost=github.com\npath=acme/api\n${"x=y\n".repeat(97)}`, "github.com"),
    found,
  );
});

test("the answer says who, what and until when, and no host", () => {
  assert.equal(
    gitAnswer("ghs_x", "2026-02-10T19:00:00Z"),
    "username=x-access-token\npassword=ghs_x\npassword_expiry_utc=1770750000\n",
  );
});

test("a body of newlines is read in time that grows with its length alone", () => {
  const started = performance.now();
  for (let n = 0; n < 20; n += 1) parseGitCredential(`p=${"\n".repeat(16_300)}x`, "github.com");
  assert.ok(performance.now() - started < 5_000);
});
