import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

const { decisionOf, dimensionsOf } = await pageModule<{
  decisionOf: (row: object) => object;
  dimensionsOf: (dimensions: unknown) => object[];
}>("views/routing-record.js");
const { promptOf } = await pageModule<{ promptOf: (row: object) => object }>("views/prompts-record.js");
const { sparkPath } = await pageModule<{ sparkPath: (values: readonly unknown[], most: number) => string }>(
  "views/overview-spark.js",
);
const { servicesOf } = await pageModule<{
  servicesOf: (status: unknown) => { name: string; state: string; note?: string; error?: string }[];
}>("views/overview-services.js");
const { isFiltered, windowFilter, filtersOf } = await pageModule<{
  isFiltered: (query: URLSearchParams) => boolean;
  filtersOf: (query: URLSearchParams) => Record<string, string>;
  windowFilter: (filters: Record<string, string>) => object;
}>("views/feed-filters.js");

test("a decision has its fields of their types, or none, and is read once", () => {
  const row = {
    cursor: "c",
    ts: 5,
    threadId: 7,
    messageId: 8,
    input: "x",
    tokens: 1,
    score: "high",
    tier: "SIMPLE",
    model: "haiku",
    replyUpgrade: 1,
  };
  const decision = decisionOf(row);
  assert.deepEqual(decision, {
    cursor: "c",
    time: 5,
    threadId: 7,
    messageId: "8",
    input: "x",
    tokens: 1,
    score: undefined,
    confidence: undefined,
    tier: "SIMPLE",
    model: "haiku",
    effectiveModel: "haiku",
    replyUpgrade: false,
    reason: "",
    raw: undefined,
  });
  assert.equal(decisionOf(row), decision);
  assert.equal((decisionOf({ cursor: "d", raw: "{" }) as { raw: string }).raw, "{");
});

test("dimensions pull by score times weight, where both are known", () => {
  assert.deepEqual(dimensionsOf({ a: { score: 0.5, weight: 0.2, signal: "why" }, b: { score: 1 }, c: null }), [
    { name: "a", score: 0.5, weight: 0.2, pull: 0.1, signal: "why" },
    { name: "b", score: 1, weight: undefined, pull: undefined, signal: "" },
    { name: "c", score: undefined, weight: undefined, pull: undefined, signal: "" },
  ]);
  assert.deepEqual([dimensionsOf(null), dimensionsOf("x")], [[], []]);
});

test("a prompt has its fields of their types, or none", () => {
  assert.deepEqual(
    promptOf({
      cursor: "c",
      timestamp: 5,
      threadId: "7",
      messageId: "m",
      sessionId: 1,
      model: "opus",
      promptLength: -1,
      historyInjected: "yes",
      historyLines: 3,
    }),
    {
      cursor: "c",
      time: 5,
      threadId: undefined,
      messageId: "m",
      sessionId: "",
      model: "opus",
      length: undefined,
      hasHistory: false,
      historyLines: 3,
    },
  );
  assert.deepEqual((promptOf({ cursor: "c", promptLength: 0, historyInjected: true }) as { length: number }).length, 0);
});

test("a line of the last minute ends at the right edge and has a hole where nothing is known", () => {
  assert.equal(sparkPath([], 100), "");
  assert.equal(sparkPath([0, 100], 100), "M118.0 27.0L120.0 1.0");
  assert.equal(sparkPath([50, null, 200], 100), "M115.9 14.0M120.0 1.0");
  assert.equal(sparkPath([0], 0), "M120.0 27.0");
});

test("services stand in the order of a message's way; a worker that says it runs and does not beat is down", () => {
  const names = servicesOf(undefined).map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(names, [
    "bot unknown",
    "telegram worker unknown",
    "queue worker unknown",
    "broker unknown",
    "dashboard unknown",
  ]);
  const [bot, telegram, queue, broker] = servicesOf({
    services: {
      supervisor: { state: "up" },
      telegram: { state: "down" },
      queue: { state: "up" },
      broker: { state: "up" },
    },
    supervisor: {
      version: "1.0",
      pid: 7,
      disk: { level: "soft" },
      broker: { state: "degraded", detail: "slow" },
      workers: [
        { name: "telegram", state: "running" },
        { name: "queue", state: "draining", lastError: "oh", inFlight: 2 },
      ],
    },
  });
  assert.equal(bot?.note, "version 1.0, pid 7, disk is getting full (soft)");
  assert.equal(telegram?.state, "down");
  assert.deepEqual([queue?.state, queue?.error, queue?.note], ["draining", "oh", "2 in work"]);
  assert.deepEqual([broker?.state, broker?.note], ["degraded", "slow"]);
});

test("the feed's filters are those of the address, and none is asked for that is empty", () => {
  const query = new URLSearchParams("thread=5&model=opus&direction=in&q=x");
  assert.deepEqual(windowFilter(filtersOf(query)), { threadId: 5, model: "opus", direction: "in", q: "x" });
  assert.deepEqual(windowFilter(filtersOf(new URLSearchParams("thread=x"))), {});
  assert.deepEqual([query, new URLSearchParams("at=c&q=")].map(isFiltered), [true, false]);
});
