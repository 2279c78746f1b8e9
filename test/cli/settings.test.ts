import assert from "node:assert/strict";
import { lstat, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SettingsStore } from "../../src/workers/queue/settings.ts";
import { memoryLog } from "../support/memory-log.ts";
import { tempDir } from "../support/temp-dir.ts";
import { runCli } from "./run-cli.ts";
import type { CliEnd } from "./run-cli.ts";

async function open(t: TestContext, stored?: unknown) {
  const dir = await tempDir(t);
  const path = join(dir, "settings.json");
  if (stored !== undefined) await writeFile(path, typeof stored === "string" ? stored : JSON.stringify(stored));
  const run = (...words: string[]): Promise<CliEnd> =>
    runCli(["settings", ...words], { TINYCLAW_DIR: dir, TZ: "Asia/Tokyo" });
  const text = (): Promise<string> => readFile(path, "utf8");
  return { dir, path, run, text, read: async () => JSON.parse(await text()) as unknown };
}

test("a value that is set is what get answers and what the bot reads", async (t) => {
  const { run, path } = await open(t);
  for (const [key, value] of [
    ["maxConcurrentSessions", "7"],
    ["threads.5.turnDeadlineMinutes", "0.5"],
    ["timezone", "Europe/Vienna"],
  ] as const) {
    const { code, stdout, stderr } = await run("set", key, value);
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
    assert.equal((await run("get", key)).stdout, `${value}\n`);
  }
  const store = new SettingsStore(path, "UTC", memoryLog().log);
  assert.deepEqual(await store.read(5), {
    timezone: "Europe/Vienna",
    maxConcurrentSessions: 7,
    turnDeadlineMinutes: 0.5,
  });
  assert.equal((await store.read(6)).turnDeadlineMinutes, 60);
});

test("without a value, get answers the default, a thread's that of all", async (t) => {
  const { run } = await open(t, { turnDeadlineMinutes: 20 });
  const get = async (key: string): Promise<string> => (await run("get", key)).stdout;
  assert.equal(await get("timezone"), "Asia/Tokyo\n");
  assert.equal(await get("maxConcurrentSessions"), "4\n");
  assert.equal(await get("threads.9.turnDeadlineMinutes"), "20\n");
  assert.equal(await get("pingUrl"), "\n");
});

test("other keys stay, those of other programs too, in their order", async (t) => {
  const stored = { colour: "red", threads: { "5": { shade: 1 }, "6": { timezone: "UTC" } }, timezone: "UTC" };
  const { run, text } = await open(t, stored);
  assert.equal((await run("set", "threads.5.timezone", "Asia/Tokyo")).code, 0);
  assert.equal((await run("set", "timezone", "Europe/Paris")).code, 0);
  assert.equal((await run("unset", "threads.6.timezone")).code, 0);
  const expected = {
    ...stored,
    threads: { "5": { shade: 1, timezone: "Asia/Tokyo" }, "6": {} },
    timezone: "Europe/Paris",
  };
  assert.equal(await text(), `${JSON.stringify(expected, null, 2)}\n`);
});

const refused: [string, string[], number, RegExp][] = [
  ["a number in words", ["set", "maxConcurrentSessions", "four"], 1, /must be a whole number from 1 to 64/],
  ["too many sessions", ["set", "maxConcurrentSessions", "65"], 1, /must be a whole number from 1 to 64/],
  ["half a session", ["set", "maxConcurrentSessions", "1.5"], 1, /must be a whole number/],
  ["no time at all", ["set", "turnDeadlineMinutes", "0"], 1, /above 0 and up to 1440/],
  ["a hexadecimal number", ["set", "turnDeadlineMinutes", "0x10"], 1, /above 0 and up to 1440/],
  ["an unknown zone", ["set", "timezone", "Mars/Olympus"], 1, /an IANA time zone such as Europe\/Vienna/],
  ["a zone of a thread that is none", ["set", "threads.5.timezone", ""], 1, /threads\.5\.timezone must be an IANA/],
  ["an address of another scheme", ["set", "pingUrl", "file:///etc/passwd"], 1, /an http or https address/],
  ["an unknown key", ["set", "colour", "red"], 2, /no key colour; its keys are timezone, maxConcurrentSessions/],
  ["a member of every object", ["get", "constructor"], 2, /no key constructor/],
  ["a thread that is none", ["set", "threads.0.timezone", "UTC"], 2, /no key threads\.0\.timezone/],
  ["an own value of what is one for all", ["set", "threads.5.pingUrl", "http://a"], 2, /the same for all threads/],
  ["a missing value", ["set", "timezone"], 2, /^usage: settings get/],
  ["no words", [], 2, /^usage: settings get/],
];
for (const [what, words, status, said] of refused) {
  test(`${what} is refused in a line, and nothing is written`, async (t) => {
    const { run, dir } = await open(t);
    const { code, stdout, stderr } = await run(...words);
    assert.deepEqual([code, stdout, stderr.split("\n").length], [status, "", 2]);
    assert.match(stderr, said);
    assert.deepEqual(await readdir(dir), []);
  });
}

test("an address is shown by its host where all is listed, whole where it is asked for, and never in a refusal", async (t) => {
  const { run } = await open(t, { telegram_bot_token: "12345:old-secret" });
  assert.equal((await run("set", "pingUrl", "https://ping.example/of-mine")).code, 0);
  const list = await run("get");
  assert.match(list.stdout, /^pingUrl https:\/\/ping\.example\/…$/m);
  assert.match(list.stdout, /^timezone Asia\/Tokyo \(default\)$/m);
  assert.match(list.stdout, /^telegram_bot_token \(not a key of this program; kept\)$/m);
  assert.doesNotMatch(list.stdout, /of-mine|old-secret/);
  assert.equal((await run("get", "pingUrl")).stdout, "https://ping.example/of-mine\n");
  const bad = await run("set", "pingUrl", "gopher://ping.example/of-mine");
  assert.equal(bad.code, 1);
  assert.doesNotMatch(bad.stderr, /of-mine/);
});

for (const [what, text] of [
  ["no JSON", '{"pingUrl": "https://a/secret", '],
  ["a list", "[]"],
  ["threads that are none", '{"threads": [1]}'],
] as const) {
  test(`a file that holds ${what} is told and left as it is`, async (t) => {
    const { run, text: now } = await open(t, text);
    const { code, stderr } = await run("set", "timezone", "UTC");
    assert.equal(code, 1);
    assert.match(stderr, /mend it or move it away\. Nothing has changed/);
    assert.doesNotMatch(stderr, /secret/);
    assert.equal(await now(), text);
  });
}

test("a value is stored beside a wrong one, and the wrong one is named, for the bot would not read the file", async (t) => {
  const { run, read } = await open(t, { maxConcurrentSessions: "many" });
  const { code, stderr } = await run("set", "timezone", "UTC");
  assert.equal(code, 1);
  assert.match(stderr, /timezone is stored, but the bot does not read settings\.json.*maxConcurrentSessions/);
  assert.deepEqual(await read(), { maxConcurrentSessions: "many", timezone: "UTC" });
  assert.equal((await run("set", "maxConcurrentSessions", "3")).code, 0);
});

test("a link in the place of the file stays one, and what it leads to is replaced", async (t) => {
  const { run, dir, path } = await open(t);
  const kept = join(dir, "kept");
  await mkdir(kept);
  await writeFile(join(kept, "mine.json"), "{}");
  await symlink(join(kept, "mine.json"), path);
  assert.equal((await run("set", "timezone", "UTC")).code, 0);
  assert.ok((await lstat(path)).isSymbolicLink());
  assert.equal(await readFile(join(kept, "mine.json"), "utf8"), '{\n  "timezone": "UTC"\n}\n');
  assert.deepEqual(await readdir(kept), ["mine.json"]);
});

test("a directory that is not there is told with the variable that names it", async (t) => {
  const dir = join(await tempDir(t), "nowhere");
  const { code, stderr } = await runCli(["settings", "set", "timezone", "UTC"], { TINYCLAW_DIR: dir });
  assert.equal(code, 1);
  assert.match(stderr, /cannot be written.*TINYCLAW_DIR/);
});
