import assert from "node:assert/strict";
import { chown, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Fault } from "../../../src/sandbox/claude/claude.ts";
import type { TurnResult } from "../../../src/workers/queue/agent.ts";
import { needsRoot } from "../../support/needs.ts";
import { agentEnv, rigFor, startRig } from "./agent-rig.ts";
import type { Rig } from "./agent-rig.ts";

type Unavailable = Extract<TurnResult, { status: "unavailable" }>;

function status(code: number, message = "", headers: Record<string, string> = {}): Fault {
  return { kind: "status", code, message, headers };
}

describe("a failing API", { timeout: 120_000 }, () => {
  let rig: Rig;
  let lift: () => void = () => undefined;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.events.length = 0;
    rig.claude.requests.length = 0;
  });
  afterEach(() => {
    lift();
  });

  async function fails(fault: Fault): Promise<TurnResult> {
    lift = rig.claude.order({ times: Infinity, fault });
    return rig.turn("hello");
  }

  const cases: readonly [string, Fault, Unavailable["cause"]][] = [
    ["overloaded (529)", status(529, "Overloaded"), "overloaded"],
    ["a fault of its own (500)", status(500, "Internal server error"), "overloaded"],
    [
      "too many requests (429)",
      status(429, "Number of request tokens has exceeded your per-minute rate limit"),
      "limit",
    ],
    ["no credit left (400)", status(400, "Your credit balance is too low to access the Anthropic API."), "limit"],
    ["a wrong key (401)", status(401, "invalid x-api-key"), "credential"],
    ["no access (403)", status(403, "Your account does not have access to Claude"), "credential"],
    ["connections that end unanswered", { kind: "drop", when: "before" }, "unreachable"],
    ["connections that end in the middle", { kind: "drop", when: "midstream" }, "unreachable"],
  ];
  for (const [what, fault, cause] of cases) {
    test(`${what}: unavailable, ${cause}`, async () => {
      const result = (await fails(fault)) as Unavailable;
      assert.deepEqual([result.status, result.cause], ["unavailable", cause]);
      assert.match(result.reason, /^[A-Z][^\n]{10,100}\.$/);
      assert.equal(result.retryAt, undefined);
      assert.equal(rig.events.filter((event) => event.kind === "text").length, 0);
    });
  }

  test("the agent's own attempts are told of, and no more of them are made than its environment says", async () => {
    await fails(status(529));
    const retries = rig.events.filter((event) => event.kind === "retrying");
    assert.deepEqual(retries, [{ kind: "retrying", attempt: 1, status: 529, error: "overloaded" }]);
    assert.equal(rig.claude.requests.length, 2);
  });

  test("one failure that passes is no failure of the turn", async () => {
    rig.claude.order({ fault: status(529) });
    assert.equal((await rig.answered("hello")).text, "You said: hello");
    rig.claude.order({ fault: { kind: "drop", when: "midstream" } });
    assert.equal((await rig.answered("hello")).text, "You said: hello");
  });

  test("after an outage the same process answers, and remembers what it was told", async () => {
    const { sessionId } = await rig.answered("first");
    const [{ pid } = {}] = rig.agent.live();
    lift = rig.claude.order({ times: Infinity, fault: status(500) });
    assert.equal((await rig.turn("second", { sessionId })).status, "unavailable");
    lift();
    assert.equal((await rig.answered("second", { sessionId })).text, "You said: second");
    assert.equal(rig.agent.live()[0]?.pid, pid);
  });

  test("nobody at the address: unavailable, unreachable", async () => {
    await rig.claude.stop();
    const result = (await rig.turn("hello")) as Unavailable;
    assert.deepEqual([result.status, result.cause], ["unavailable", "unreachable"]);
    await rig.claude.start();
    await rig.answered("hello");
  });

  test("a request the API refuses is a failure of the turn", async () => {
    const result = await fails(status(400, "messages: too strange"));
    assert.deepEqual(result, { status: "failed", reason: "API Error: 400 messages: too strange" });
    lift();
    const missing = await fails(status(404, "model: no such model"));
    assert.equal(missing.status, "failed");
  });
});

for (const [claim, ofModel] of [
  ["five_hour", false],
  ["seven_day", false],
  ["seven_day_opus", true],
  ["seven_day_sonnet", true],
] as const) {
  test(
    `a subscription's limit says when it is lifted, and ${claim} whether it is of one model: ${ofModel}`,
    { timeout: 60_000 },
    async (t) => {
      const { claude, home } = await rigFor(t);
      const { ANTHROPIC_API_KEY: _key, ...env } = agentEnv(claude.url, home, 1);
      const rig = await rigFor(t, { env: { ...env, CLAUDE_CODE_OAUTH_TOKEN: "sandbox" } });
      const resetsAt = Math.floor(Date.now() / 1000) + 3600;
      claude.order({
        times: Infinity,
        fault: status(429, "This request would exceed your account's rate limit.", {
          "anthropic-ratelimit-unified-status": "rejected",
          "anthropic-ratelimit-unified-reset": String(resetsAt),
          "anthropic-ratelimit-unified-representative-claim": claim,
        }),
      });
      const result = (await rig.turn("hello")) as Unavailable;
      assert.deepEqual([result.status, result.cause, result.retryAt], ["unavailable", "limit", resetsAt * 1000]);
      assert.equal(result.ofModel, ofModel);
      await rig.agent.close();
    },
  );
}

describe("a turn that cannot begin", { timeout: 60_000 }, () => {
  test("a session that is gone is lost, and no process is left of it", async (t) => {
    const rig = await rigFor(t);
    const { sessionId } = await rig.answered("hello");
    await rig.agent.close();
    await rm(join(rig.home, "config"), { recursive: true });
    const later = await rigFor(t, { env: agentEnv(rig.claude.url, rig.home, 1) });
    const lost = await later.turn("hello", { sessionId });
    assert.deepEqual(lost, { status: "session_lost", reason: `No conversation found with session ID: ${sessionId}` });
    assert.equal(later.agent.live().length, 0);
    assert.notEqual((await later.answered("hello")).sessionId, sessionId);
    await later.agent.close();
  });

  test("what is no session id is lost without a process", async (t) => {
    const rig = await rigFor(t);
    const lost = await rig.turn("hello", { sessionId: "--continue" });
    assert.deepEqual(lost, { status: "session_lost", reason: '"--continue" is no session id' });
    assert.equal(rig.agent.live().length, 0);
  });

  test("a folder that is gone is a failure that names it", async (t) => {
    const rig = await rigFor(t);
    const cwd = join(rig.home, "nowhere");
    const result = await rig.turn("hello", { cwd });
    assert.deepEqual(result, { status: "failed", reason: `The thread's folder ${cwd} does not exist or is no folder` });
  });

  test("a process that ends as it starts fails the turn with its exit code and its last line", async (t) => {
    const { claude, home } = await rigFor(t);
    const rig = await rigFor(t, { env: { ...agentEnv(claude.url, home, 1), CLAUDE_CODE_TMPDIR: "/dev/null/none" } });
    const result = await rig.turn("hello");
    assert.ok(result.status === "failed", JSON.stringify(result));
    assert.match(result.reason, /^Claude Code ended with exit code 1: .*\/dev\/null\/none/);
    assert.equal(rig.agent.live().length, 0);
  });
});

/** What a command of the agent's says. */
async function said(rig: Rig, command: string): Promise<string> {
  rig.claude.script = ({ step, toolResults }) =>
    step === 0 ? { tools: [{ name: "Bash", input: { command } }] } : { text: toolResults[0]?.text ?? "" };
  return (await rig.answered("what?")).text;
}

test("an agent is to be ended before the bot where memory is short", { timeout: 60_000 }, async (t) => {
  const rig = await rigFor(t);
  assert.equal(await said(rig, "cat /proc/self/oom_score_adj; pwd"), `500\n${rig.cwd}`);
});

test(
  "with runAs the agent is another user, in none of our groups, and what it makes others may read",
  { timeout: 60_000, skip: needsRoot("to become another user") },
  async (t) => {
    const groups = process.getgroups?.() ?? [];
    process.setgroups?.([...groups, 54_321]);
    const umask = process.umask(0o027);
    t.after(() => {
      process.setgroups?.(groups);
      process.umask(umask);
    });
    const rig = await rigFor(t, { runAs: { uid: 65_534, gid: 65_534 } });
    for (const path of [rig.home, rig.cwd]) await chown(path, 65_534, 65_534);
    assert.equal(await said(rig, "id -u; id -G; umask; nice; ulimit -u"), "65534\n65534\n0022\n5\n1500");
  },
);
