import assert from "node:assert/strict";
import { test } from "node:test";
import { containerPlaces, convertLine, convertSettings, convertThreads } from "../../../src/cli/setup/older.ts";

const here = ({ cwd }: { cwd: string | undefined }): string => cwd ?? "nowhere";

test("settings lose what belongs into .env, and keep the rest", () => {
  const older = { timezone: "Europe/Vienna", telegram_bot_token: "1:a", telegram_chat_id: -5, heartbeat_interval: 900 };
  assert.deepEqual(convertSettings(older), {
    settings: { timezone: "Europe/Vienna", heartbeat_interval: 900 },
    token: "1:a",
    chatId: "-5",
    timeZone: "Europe/Vienna",
  });
});

test("a time zone that is none goes, since the bot would read nothing of the file", () => {
  const { settings, timeZone } = convertSettings({ timezone: "Vienna", heartbeat_interval: 1 });
  assert.deepEqual([settings, timeZone], [{ heartbeat_interval: 1 }, undefined]);
});

test("threads get what today's have, keep their sessions, and what is no thread is named", () => {
  const older = {
    "1": {
      name: "General",
      cwd: "/w",
      sessionId: "s-1",
      model: "claude-opus-4-5",
      isMaster: true,
      lastActive: 1_700_000_000_000,
    },
    "5": { cwd: "/w/api", sessionId: null, model: "gpt", lastActive: "2025-01-01T00:00:00Z", note: "mine" },
    master: { name: "?" },
    "6": "nothing",
  };
  const { threads, leftOut } = convertThreads(older, here);
  assert.deepEqual(threads, {
    "1": {
      name: "General",
      cwd: "/w",
      sessionId: "s-1",
      model: "opus",
      modelChoice: "auto",
      isMaster: true,
      lastActive: 1_700_000_000_000,
      status: "idle",
    },
    "5": {
      name: "Topic 5",
      cwd: "/w/api",
      model: "sonnet",
      modelChoice: "auto",
      isMaster: false,
      lastActive: 1_735_689_600_000,
      status: "idle",
      note: "mine",
    },
  });
  assert.deepEqual(leftOut, ["6", "master"]);
  assert.deepEqual(convertThreads(threads, () => "elsewhere").threads, threads);
});

test("in the container threads work below the workspace, each in a place of its own", () => {
  const place = containerPlaces("/home/me/code");
  const thread = (threadId: number, cwd: string | undefined, name = "API"): string =>
    place({ threadId, name, cwd, isMaster: false });
  assert.equal(place({ threadId: 1, name: "General", cwd: "/home/me", isMaster: true }), "/workspace");
  assert.equal(thread(5, "/home/me/code/api/v2"), "/workspace/api/v2");
  assert.equal(thread(6, "/home/me/other"), "/workspace/api");
  assert.equal(thread(7, "/home/me/code/../other"), "/workspace/api-7");
  assert.equal(thread(8, undefined, "../../etc"), "/workspace/etc");
  assert.equal(
    containerPlaces(undefined)({ threadId: 9, name: "", cwd: "/srv/x", isMaster: false }),
    "/workspace/topic-9",
  );
});

const line = {
  ts: 1_700_000_000,
  threadId: 5,
  channel: "telegram",
  sender: "Tester",
  direction: "out",
  message: "hi",
  model: "claude-sonnet-4-5",
  source: "user",
};

test("a line of the history gets today's names, an id, and times in milliseconds", () => {
  const { ts: _ts, ...rest } = line;
  assert.deepEqual(convertLine(line, 7), {
    ...rest,
    timestamp: 1_700_000_000_000,
    messageId: "older-7",
    model: "sonnet",
  });
});

test("a model that is none goes, for the reader would pass the line over", () => {
  assert.equal("model" in convertLine({ ...line, model: "none" }, 1), false);
});
