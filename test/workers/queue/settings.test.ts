import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SettingsStore } from "../../../src/workers/queue/settings.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

const defaults = { timezone: "Europe/Vienna", maxConcurrentSessions: 4, turnDeadlineMinutes: 60 };

async function open(t: TestContext) {
  const path = join(await tempDir(t), "settings.json");
  const { log, lines } = memoryLog();
  const faults = (): unknown[] => lines.filter(({ level }) => level === "error").map(({ fields }) => fields["issues"]);
  const write = (value: unknown): Promise<void> =>
    writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  return { path, write, faults, store: new SettingsStore(path, "Europe/Vienna", log) };
}

test("without a file every setting has its default, and the time zone is that of the environment", async (t) => {
  const { store, faults } = await open(t);
  assert.deepEqual(await store.read(5), defaults);
  assert.deepEqual(faults(), []);
});

test("a change is in force at the next reading, and back at its default when the file is gone", async (t) => {
  const { store, write, path } = await open(t);
  await write({ timezone: "Asia/Tokyo", maxConcurrentSessions: 2, turnDeadlineMinutes: 5 });
  assert.deepEqual(await store.read(), { timezone: "Asia/Tokyo", maxConcurrentSessions: 2, turnDeadlineMinutes: 5 });
  await write({ maxConcurrentSessions: 8 });
  assert.deepEqual(await store.read(), { ...defaults, maxConcurrentSessions: 8 });
  await rm(path);
  assert.deepEqual(await store.read(), defaults);
});

test("a thread's own values stand over those of all, for that thread alone", async (t) => {
  const { store, write } = await open(t);
  await write({ turnDeadlineMinutes: 10, threads: { "5": { turnDeadlineMinutes: 90 }, "6": {} } });
  const minutes = async (threadId?: number): Promise<number> => (await store.read(threadId)).turnDeadlineMinutes;
  assert.deepEqual([await minutes(5), await minutes(6), await minutes(7), await minutes()], [90, 10, 10, 10]);
});

test("keys that this program does not know are no fault", async (t) => {
  const { store, write, faults } = await open(t);
  await write({ colour: "red", maxConcurrentSessions: 3, threads: { "5": { colour: "blue" } } });
  assert.deepEqual(await store.read(5), { ...defaults, maxConcurrentSessions: 3 });
  assert.deepEqual(faults(), []);
});

const bad: [string, unknown, RegExp][] = [
  ["no JSON", "{maxConcurrentSessions: 2", /SyntaxError/],
  ["empty", "", /SyntaxError/],
  ["a list", [], /expected object/],
  ["a limit of none", { maxConcurrentSessions: 0 }, /maxConcurrentSessions/],
  ["a limit in words", { maxConcurrentSessions: "four" }, /maxConcurrentSessions/],
  ["half a session", { maxConcurrentSessions: 1.5 }, /maxConcurrentSessions/],
  ["an unknown zone", { timezone: "Mars/Olympus" }, /IANA time zone[^]*timezone/],
  ["a deadline of nothing", { turnDeadlineMinutes: 0 }, /turnDeadlineMinutes/],
  ["a deadline beyond a day", { turnDeadlineMinutes: 1_441 }, /turnDeadlineMinutes/],
  ["a bad value of a thread", { threads: { "5": { turnDeadlineMinutes: -1 } } }, /threads.*turnDeadlineMinutes/],
];
for (const [what, value, said] of bad) {
  test(`a file that is or holds ${what} leaves the last good values in force, and is said once`, async (t) => {
    const { store, write, faults } = await open(t);
    await write({ maxConcurrentSessions: 7 });
    await store.read();
    await write(value);
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await store.read(5), { ...defaults, maxConcurrentSessions: 7 });
    assert.equal(faults().length, 1);
    assert.match(String(faults()[0]), said);
    await write({ maxConcurrentSessions: 9 });
    assert.equal((await store.read()).maxConcurrentSessions, 9);
  });
}

test("each other bad text is said again", async (t) => {
  const { store, write, faults } = await open(t);
  for (const text of ["{", "{{", "{"]) {
    await write(text);
    await Promise.all([store.read(), store.read()]);
  }
  assert.equal(faults().length, 3);
});
