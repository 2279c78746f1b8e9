import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { alive, rigFor } from "./agent-rig.ts";
import type { Rig } from "./agent-rig.ts";

/** A command that says its process id and then waits for ever. */
const HANG = { name: "Bash", input: { command: "echo $$ > pid; tail -f /dev/null" } };

function hangs(rig: Rig): void {
  rig.claude.script = ({ step, userText }) =>
    userText === "hang" && step === 0 ? { tools: [HANG] } : { text: `heard: ${userText}` };
}

/** Process id of the command, once it runs. */
async function commandPid(rig: Rig): Promise<number> {
  for (;;) {
    const text = await readFile(join(rig.cwd, "pid"), "utf8").catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await sleep(10);
  }
}

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await sleep(10);
}

describe("the life of agents", { timeout: 300_000 }, () => {
  test("an aborted turn ends its command and leaves the session to the next turn", async (t) => {
    const rig = await rigFor(t);
    hangs(rig);
    const { sessionId } = await rig.answered("hello");
    const abort = new AbortController();
    const turn = rig.turn("hang", { sessionId, signal: abort.signal });
    const command = await commandPid(rig);
    abort.abort();
    assert.deepEqual(await turn, { status: "aborted" });
    await gone(command);
    const [{ pid, state } = {}] = rig.agent.live();
    assert.equal(state, "idle");
    assert.equal((await rig.answered("and now?", { sessionId })).text, "heard: and now?");
    assert.equal(rig.agent.live()[0]?.pid, pid);
  });

  test("a turn aborted before it begins, or as it begins, is aborted", async (t) => {
    const rig = await rigFor(t);
    assert.deepEqual(await rig.turn("hello", { signal: AbortSignal.abort() }), { status: "aborted" });
    assert.equal(rig.agent.live().length, 0);
    rig.claude.script = () => ({ text: "too late", delayMs: 60_000 });
    const abort = new AbortController();
    const turn = rig.turn("hello", { signal: abort.signal });
    while (rig.agent.live().length === 0) await sleep(1);
    abort.abort();
    assert.deepEqual(await turn, { status: "aborted" });
  });

  test("a process that dies in a turn fails it with how it ended, and the next turn resumes in another", async (t) => {
    const rig = await rigFor(t);
    hangs(rig);
    const { sessionId } = await rig.answered("hello");
    const turn = rig.turn("hang", { sessionId });
    const command = await commandPid(rig);
    const [{ pid = 0 } = {}] = rig.agent.live();
    process.kill(pid, "SIGKILL");
    const result = await turn;
    assert.ok(
      result.status === "failed" && result.reason.startsWith("Claude Code ended with signal SIGKILL"),
      JSON.stringify(result),
    );
    await gone(command);
    const next = await rig.answered("still there?", { sessionId });
    assert.equal(next.sessionId, sessionId);
    assert.equal(rig.claude.requests.at(-1)?.script.history[0]?.text, "hello");
  });

  test("a process that dies between turns is replaced", async (t) => {
    const rig = await rigFor(t);
    const { sessionId } = await rig.answered("hello");
    const [{ pid = 0 } = {}] = rig.agent.live();
    process.kill(pid, "SIGKILL");
    while (rig.agent.live().length > 0) await sleep(5);
    assert.equal((await rig.answered("again", { sessionId })).sessionId, sessionId);
  });

  test("an old process is gone before another holds its session, even one that does not react", async (t) => {
    const rig = await rigFor(t, { endTimeoutMs: 300 });
    const { sessionId } = await rig.answered("hello");
    const [{ pid = 0 } = {}] = rig.agent.live();
    process.kill(pid, "SIGSTOP");
    let oldAlive: boolean | undefined;
    await rig.answered("again", {
      sessionId,
      systemPrompt: "Another.",
      onEvent: (event) => {
        if (event.kind === "session") oldAlive = alive(pid);
      },
    });
    assert.equal(oldAlive, false);
  });

  test("a session without a turn for idleMs is ended, and a turn in time keeps it", async (t) => {
    const due: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after(ms, task) {
        if (ms !== 77_777) return systemClock.after(ms, task);
        due.push(task);
        return () => {
          due.pop();
        };
      },
    };
    const rig = await rigFor(t, { clock, idleMs: 77_777 });
    const { sessionId } = await rig.answered("hello");
    const [{ pid = 0 } = {}] = rig.agent.live();
    assert.equal(due.length, 1);
    const turn = rig.answered("again", { sessionId });
    await rig.asked("again");
    assert.equal(due.length, 0, "no timer runs during a turn");
    await turn;
    assert.ok(alive(pid));
    due[0]?.();
    await gone(pid);
  });

  test("an idle agent is ended when told to, one at work is not, and the session goes on in the next", async (t) => {
    const rig = await rigFor(t);
    hangs(rig);
    const { sessionId } = await rig.answered("hello");
    const [{ pid = 0 } = {}] = rig.agent.live();
    rig.agent.endIdle(pid);
    await gone(pid);
    const abort = new AbortController();
    const turn = rig.turn("hang", { sessionId, signal: abort.signal });
    const command = await commandPid(rig);
    const [{ pid: next = 0 } = {}] = rig.agent.live();
    assert.notEqual(next, pid);
    rig.agent.endIdle(next);
    await sleep(1500);
    assert.ok(alive(next) && alive(command));
    abort.abort();
    await turn;
    assert.equal(rig.claude.requests.at(-1)?.script.history[0]?.text, "hello");
  });

  test("of more idle sessions than maxLive, the one idle longest is ended", async (t) => {
    const rig = await rigFor(t, { maxLive: 1 });
    await rig.answered("one", { threadId: 1 });
    const [{ pid = 0 } = {}] = rig.agent.live();
    await rig.answered("two", { threadId: 2 });
    await gone(pid);
    while (rig.agent.live().length > 1) await sleep(5);
    assert.deepEqual(
      rig.agent.live().map((one) => [one.threadId, one.state]),
      [[2, "idle"]],
    );
  });

  test("threads run side by side; a second turn of one thread is refused", async (t) => {
    const rig = await rigFor(t);
    hangs(rig);
    const abort = new AbortController();
    const turn = rig.turn("hang", { threadId: 1, signal: abort.signal });
    await rig.asked("hang");
    await assert.rejects(rig.turn("me too", { threadId: 1 }), { code: "agent_busy" });
    assert.equal((await rig.answered("hello", { threadId: 2 })).text, "heard: hello");
    abort.abort();
    assert.deepEqual(await turn, { status: "aborted" });
  });

  test("close aborts what runs and leaves no process, and no turn begins after it", async (t) => {
    const rig = await rigFor(t);
    hangs(rig);
    await rig.answered("hello", { threadId: 1 });
    const turn = rig.turn("hang", { threadId: 2 });
    const command = await commandPid(rig);
    const pids = rig.agent.live().map((one) => one.pid ?? 0);
    assert.equal(pids.length, 2);
    await Promise.all([rig.agent.close(), rig.agent.close()]);
    assert.deepEqual([...pids.map(alive), rig.agent.live().length], [false, false, 0]);
    assert.deepEqual(await turn, { status: "aborted" });
    await gone(command);
    await assert.rejects(rig.turn("hello"), { code: "agent_closed" });
  });

  test("what the agent says of its own accord, when a command in the background ends, is no turn's answer", async (t) => {
    const rig = await rigFor(t);
    const run = { command: "while [ ! -e go ]; do sleep 0.05; done; echo done", run_in_background: true };
    rig.claude.script = ({ userText, step, toolResults }) => {
      if (userText === "start" && step === 0) return { tools: [{ name: "Bash", input: run }] };
      if (userText === "start" && toolResults.length > 0) return { text: "started" };
      return userText === "release" && step === 0
        ? { tools: [{ name: "Bash", input: { command: "touch go" } }] }
        : { text: `heard: ${userText}` };
    };
    const { text, sessionId } = await rig.answered("start");
    assert.equal(text, "started");
    await rig.answered("release", { sessionId });
    await rig.claude.waitFor((request) => JSON.stringify(request.messages.at(-1)).includes("task-notification"), {
      timeoutMs: 20_000,
    });
    assert.equal((await rig.answered("and you?", { sessionId })).text, "heard: and you?");
  });
});
