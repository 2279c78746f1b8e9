import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { ConfigError } from "../../src/core/errors.ts";
import { Secret, createScrubber, readSecret } from "../../src/core/secrets.ts";
import { tempDir } from "../support/temp-dir.ts";

const VALUE = "hush-hush-4711";

const printed: [string, (secret: Secret) => string][] = [
  ["JSON", (secret) => JSON.stringify({ secret })],
  ["a template", (secret) => `token ${secret as unknown as string}`],
  ["joined words", (secret) => ["token", secret].join(" ")],
  ["util.inspect, showing hidden members too", (secret) => inspect({ secret }, { showHidden: true, depth: 9 })],
  ["console formats", (secret) => format("%s %o %O %j", secret, secret, secret, secret)],
  ["an error's message", (secret) => inspect(new Error(`token ${secret.toString()} was refused`, { cause: secret }))],
  ["its keys", (secret) => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)])],
];
for (const [where, print] of printed) {
  test(`a secret does not show in ${where}`, () => {
    assert.ok(!print(new Secret(VALUE)).includes(VALUE));
  });
}

test("a secret reveals its value when asked", () => {
  assert.equal(new Secret(VALUE).reveal(), VALUE);
});

test("a secret is read from its variable, and is none when that is missing or empty", () => {
  assert.equal(readSecret({ X: VALUE }, "X")?.reveal(), VALUE);
  assert.equal(readSecret({ X: VALUE, X_FILE: "" }, "X")?.reveal(), VALUE);
  assert.equal(readSecret({}, "X"), undefined);
  assert.equal(readSecret({ X: "", X_FILE: "" }, "X"), undefined);
});

test("a secret is read from its file, without the newline an editor adds", async (t) => {
  const file = join(await tempDir(t), "secret");
  for (const [text, value] of [
    [`${VALUE}\n`, VALUE],
    [`${VALUE}\r\n`, VALUE],
    [VALUE, VALUE],
    [`${VALUE}\nsecond\n`, `${VALUE}\nsecond`],
  ] as const) {
    await writeFile(file, text);
    assert.equal(readSecret({ X_FILE: file }, "X")?.reveal(), value);
    assert.equal(readSecret({ X: "", X_FILE: file }, "X")?.reveal(), value);
  }
});

test("a variable and its file at once are refused, and neither value is told", () => {
  assert.throws(
    () => readSecret({ X: VALUE, X_FILE: "/run/x" }, "X"),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /\bX and X_FILE\b.*remove one/);
      assert.ok(!inspect(error).includes(VALUE));
      return true;
    },
  );
});

test("a file that is missing, a directory or empty is refused, with the remedy", async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, "empty"), "\n");
  for (const [file, said] of [
    [join(dir, "none"), /^X_FILE .*ENOENT.*correct the path/],
    [dir, /^X_FILE .*EISDIR.*correct the path/],
    [join(dir, "empty"), /^X_FILE .*empty.*write the secret/],
  ] as const) {
    assert.throws(() => readSecret({ X_FILE: file }, "X"), { code: "config_invalid", message: said });
  }
});

test("a secret put in the place of its file's path is not told", () => {
  assert.throws(
    () => readSecret({ X_FILE: VALUE }, "X"),
    (error) => !inspect(error).includes(VALUE),
  );
});

test("a scrubber cuts every secret out, wherever it stands and however often", () => {
  const scrub = createScrubber([new Secret(VALUE), undefined, new Secret("other-secret")]);
  assert.equal(scrub(`a ${VALUE}${VALUE} b/other-secret?`), "a [secret][secret] b/[secret]?");
});

test("a scrubber finds a secret in an address and in JSON, too", () => {
  const odd = 'pass/word "x"\\';
  const scrub = createScrubber([new Secret(odd)]);
  assert.equal(scrub(`http://h/${encodeURIComponent(odd)}`), "http://h/[secret]");
  assert.equal(scrub(JSON.stringify({ detail: odd })), '{"detail":"[secret]"}');
});

test("of a secret that begins with another nothing is left", () => {
  for (const secrets of [
    ["token-abc", "token-abc-more"],
    ["token-abc-more", "token-abc"],
  ]) {
    const scrub = createScrubber(secrets.map((value) => new Secret(value)));
    assert.equal(scrub("x token-abc-more y token-abc"), "x [secret] y [secret]");
  }
});

test("each line of a secret of two lines is cut out", () => {
  const scrub = createScrubber([new Secret("first-line\r\nsecond-line")]);
  assert.equal(scrub("Bearer second-line, first-line"), "Bearer [secret], [secret]");
});

test("without secrets, or with one too short to tell from a word, a text stays as it is", () => {
  assert.equal(createScrubber([])("text"), "text");
  assert.equal(createScrubber([new Secret("a")])("a banana"), "a banana");
  assert.equal(createScrubber([new Secret("")])("a banana"), "a banana");
});

test("what has the form of a key is removed, whoever's it is", () => {
  const scrub = createScrubber([]);
  const key = `ghs_${"a1".repeat(18)}`;
  assert.equal(scrub(`token ${key}, and sk-ant-${"b2".repeat(20)}`), "token [secret], and [secret]");
  assert.equal(scrub("ghs_ is no key"), "ghs_ is no key");
});
