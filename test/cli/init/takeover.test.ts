/** `init` where an older TinyClaw has been. */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { systemClock } from "../../../src/core/clock.ts";
import { History } from "../../../src/workers/queue/history.ts";
import { ThreadStore } from "../../../src/workers/queue/sessions.ts";
import { SettingsStore } from "../../../src/workers/queue/settings.ts";
import { openRig, program, readDotEnv, type Rig } from "./rig.ts";

const silent = pino({ level: "silent" });

/** A rig with the older program's data, and an environment without what it holds. */
async function withOlder(t: TestContext): Promise<{ rig: Rig; env: Record<string, string>; dir: string }> {
  const rig = await openRig(t);
  const dir = path.join(rig.home, ".tinyclaw");
  await mkdir(dir);
  const settings = {
    timezone: "Europe/Vienna",
    telegram_bot_token: rig.telegram.token,
    telegram_chat_id: rig.telegram.chatId,
    heartbeat_interval: 900,
  };
  const threads = {
    "5": { name: "API", cwd: "/srv/api", sessionId: "s-5", model: "opus", isMaster: false, lastActive: 5 },
  };
  const lines = [
    {
      ts: 1_700_000_000_000,
      threadId: 5,
      channel: "telegram",
      sender: "Tester",
      direction: "in",
      message: "one",
      source: "user",
    },
    {
      ts: 1_700_000_000_001,
      threadId: 5,
      channel: "telegram",
      sender: "assistant",
      direction: "out",
      message: "two\nlines",
      model: "opus",
      source: "user",
    },
  ];
  await writeFile(path.join(dir, "settings.json"), JSON.stringify(settings));
  await writeFile(path.join(dir, "threads.json"), JSON.stringify(threads));
  await writeFile(
    path.join(dir, "message-history.jsonl"),
    `${lines.map((line) => JSON.stringify(line)).join("\nnot JSON\n")}\n{"ts":17`,
  );
  const { TELEGRAM_BOT_TOKEN: _token, TELEGRAM_CHAT_ID: _chat, TZ: _zone, ...env } = rig.whole;
  return { rig, env, dir };
}

test("threads, history and settings are what today's bot reads; the token is in .env, and nowhere else", async (t) => {
  const { rig, env, dir } = await withOlder(t);
  const { status, stdout } = await rig.cli(["init"], env);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /✓ Older data: 1 threads and 2 messages taken over/);
  const written = await readDotEnv(rig);
  assert.deepEqual(
    [written["TELEGRAM_BOT_TOKEN"], written["TELEGRAM_CHAT_ID"], written["TZ"]],
    [rig.telegram.token, String(rig.telegram.chatId), "Europe/Vienna"],
  );
  for (const name of await readdir(dir))
    assert.ok(!(await rig.read(".tinyclaw", name)).includes(rig.telegram.token), name);
  const store = await ThreadStore.open({
    path: path.join(dir, "threads.json"),
    workspaceRoot: "/w",
    clock: systemClock,
    log: silent,
  });
  assert.deepEqual([store.get(5)?.sessionId, store.get(5)?.cwd, store.get(5)?.model], ["s-5", "/srv/api", "opus"]);
  const history = await History.open(dir);
  t.after(() => history.close());
  const told = (await history.recent(10, 5)).map(({ timestamp, direction, message }) => [
    timestamp,
    direction,
    message,
  ]);
  assert.deepEqual(told, [
    [1_700_000_000_000, "in", "one"],
    [1_700_000_000_001, "out", "two\nlines"],
  ]);
  const settings = await new SettingsStore(path.join(dir, "settings.json"), "UTC", silent).read();
  assert.equal(settings.timezone, "Europe/Vienna");
  assert.deepEqual(JSON.parse(await rig.read(".tinyclaw", "settings.json")), {
    timezone: "Europe/Vienna",
    heartbeat_interval: 900,
  });
  assert.deepEqual((await readdir(dir)).sort(), [
    "message-history.jsonl",
    "message-history.jsonl.before-takeover",
    "settings.json",
    "threads.json",
    "threads.json.before-takeover",
  ]);
});

test("a second run finds nothing to take over", async (t) => {
  const { rig, env } = await withOlder(t);
  await rig.cli(["init"], env);
  const before = await rig.read(".tinyclaw", "message-history.jsonl");
  const { stdout } = await rig.cli(["init"], rig.places);
  assert.doesNotMatch(stdout, /older|Older/);
  assert.equal(await rig.read(".tinyclaw", "message-history.jsonl"), before);
});

test("for the Docker stack the threads move below /workspace, and a mark says that the data is to be copied", async (t) => {
  const { rig, env } = await withOlder(t);
  await program(rig, "docker", "exit 0");
  const { stdout } = await rig.cli(["init"], env);
  assert.match(stdout, /– Older data: threads work below \/workspace now/);
  const threads = JSON.parse(await rig.read(".tinyclaw", "threads.json")) as Record<string, { cwd: string }>;
  assert.equal(threads["5"]?.cwd, "/workspace/api");
  assert.equal(await rig.read(".tinyclaw", "takeover"), "");
});

test("while the older units run nothing is changed", async (t) => {
  const { rig, env } = await withOlder(t);
  const before = await rig.read(".tinyclaw", "settings.json");
  await program(
    rig,
    "systemctl",
    '[ "$1" = is-active ] && echo active || echo "tinyclaw-queue.service enabled enabled"',
  );
  const { status, stderr } = await rig.cli(["init"], env);
  assert.equal(status, 1);
  assert.match(stderr, /^The older TinyClaw still runs.*systemctl disable --now/);
  assert.equal(await rig.read(".tinyclaw", "settings.json"), before);
  await assert.rejects(rig.read(".env"), { code: "ENOENT" });
});

test("units of the older TinyClaw are told", async (t) => {
  const { rig, env } = await withOlder(t);
  const { stdout } = await rig.cli(["init"], { ...env, TINYCLAW_OLD_UNITS: "tinyclaw-telegram tinyclaw-queue" });
  assert.match(
    stdout,
    /– Older units: tinyclaw-telegram, tinyclaw-queue would start a second bot → \.\/tinyclaw\.sh install/,
  );
});

test("data of today's form is nothing to take over", async (t) => {
  const { rig, env, dir } = await withOlder(t);
  await writeFile(path.join(dir, "settings.json"), '{"maxConcurrentSessions": 2}');
  await writeFile(path.join(dir, "threads.json"), '{"5": {"name": "API", "modelChoice": "auto", "status": "idle"}}');
  await writeFile(path.join(dir, "message-history.jsonl"), '{"timestamp": 1, "threadId": 5}\n');
  const { stdout } = await rig.cli(["init"], { ...env, ...rig.whole });
  assert.doesNotMatch(stdout, /older|Older/);
  assert.deepEqual((await readdir(dir)).sort(), ["message-history.jsonl", "settings.json", "threads.json"]);
});
