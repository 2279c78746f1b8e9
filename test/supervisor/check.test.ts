import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../../src/core/readiness.ts";
import { parseSupervisorRecord } from "../../src/core/supervisor-record.ts";
import { check, judgeRecord } from "../../src/supervisor/check.ts";
import { tempDir } from "../support/temp-dir.ts";

const NOW = 1_800_000_000_000;
const telegram = { name: "telegram", state: "running", lastBeat: NOW };
const queue = { name: "queue", state: "running", lastBeat: NOW };
const well = { timestamp: NOW, state: "running", workers: [queue, telegram] };

function judge(record: object): Finding {
  const parsed = parseSupervisorRecord(record);
  assert.ok(parsed !== undefined);
  return judgeRecord(parsed, NOW);
}

test("a bot that runs and told so a moment ago is well", () => {
  assert.deepEqual(judge(well), { healthy: true, text: "the bot is running" });
  assert.equal(judge({ ...well, timestamp: NOW - 9_999 }).healthy, true);
});

const ill: [title: string, record: object, said: RegExp][] = [
  ["has not told of itself for more than ten seconds", { timestamp: NOW - 10_001 }, /for 10 s$/],
  ["told of itself in the future", { timestamp: NOW + 60_000 }, /for 60 s$/],
  ["is starting", { state: "starting" }, /^the bot is starting$/],
  ["is stopping", { state: "stopping" }, /^the bot is stopping$/],
  ["gave up", { state: "gave-up" }, /^the bot is gave-up$/],
  [
    "lacks a worker for good",
    { workers: [queue, { ...telegram, state: "failed", lastError: "telegram_unauthorized: set it anew" }] },
    /^worker telegram failed for good: telegram_unauthorized: set it anew$/,
  ],
  ["has a worker that hangs", { workers: [{ ...queue, lastBeat: NOW - 10_001 }, telegram] }, /^worker queue hangs$/],
];
for (const [title, change, said] of ill) {
  test(`a bot that ${title} is ill`, () => {
    const { healthy, text } = judge({ ...well, ...change });
    assert.equal(healthy, false);
    assert.match(text, said);
  });
}

test("a worker that is started again, or has not beaten yet, makes nobody ill", () => {
  const workers = [
    { ...queue, state: "backoff", lastBeat: NOW - 60_000 },
    { ...telegram, lastBeat: 0 },
  ];
  assert.equal(judge({ ...well, workers }).healthy, true);
});

test("the record is read from the data directory; one that is missing or no record is ill", async (t) => {
  const dir = await tempDir(t);
  assert.match((await check(dir, NOW)).text, /supervisor\.json cannot be read \(ENOENT\)$/);
  await mkdir(join(dir, "status"));
  const path = join(dir, "status", "supervisor.json");
  for (const [text, said] of [
    ["{", /it is no JSON/],
    ["[]", /is no record/],
  ] as const) {
    await writeFile(path, text);
    const finding = await check(dir, NOW);
    assert.equal(finding.healthy, false);
    assert.match(finding.text, said);
  }
  await writeFile(path, JSON.stringify(well));
  assert.equal((await check(dir, NOW)).healthy, true);
});
