import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { queueEnvironment, telegramEnvironment } from "../../src/core/config.ts";
import { Stage } from "./stage.ts";

const timeout = 30_000;

test("each worker's environment holds its own part and nothing of the process", { timeout }, async (t) => {
  process.env["TINYCLAW_TEST_OF_PARENT"] = "seen";
  t.after(() => {
    delete process.env["TINYCLAW_TEST_OF_PARENT"];
  });
  const environment = {
    TELEGRAM_BOT_TOKEN: "1:token",
    ANTHROPIC_API_KEY: "sk-test-key",
    TINYCLAW_DIR: "/data",
    GITHUB_APP_ID: "7",
  };
  const seen: Record<string, unknown>[] = [];
  for (const pick of [queueEnvironment, telegramEnvironment]) {
    const stage = await Stage.open(t, { queue: "plain", environment, spec: { environment: pick } });
    void stage.supervisor.run();
    const { PART: _part, TEST_BUS: _bus, ...own } = (await stage.saw("queue", "started")).environment ?? {};
    seen.push(own);
  }
  assert.deepEqual(seen, [
    { ANTHROPIC_API_KEY: "sk-test-key", TINYCLAW_DIR: "/data" },
    { TELEGRAM_BOT_TOKEN: "1:token", TINYCLAW_DIR: "/data" },
  ]);
});

for (const [how, part, order] of [
  ["does not answer its stop", "deaf", undefined],
  ["hangs in a loop", "plain", "hang"],
] as const) {
  test(`a worker that ${how} is ended when its grace is over`, { timeout }, async (t) => {
    const stage = await Stage.open(t, { queue: part, clock: systemClock, spec: { graceMs: 50, endMs: 100 } });
    const status = stage.supervisor.run();
    await stage.statusWhere(({ state }) => state === "running");
    if (order !== undefined) {
      stage.order("queue", order);
      await stage.saw("queue", "hanging");
    }
    const asked = performance.now();
    assert.equal(await stage.supervisor.stop(), 0);
    const took = performance.now() - asked;
    assert.ok(took >= 50 && took < 15_000, `took ${took} ms`);
    assert.equal(await status, 0);
    assert.equal((await stage.status())?.workers[0]?.state, "stopped");
  });
}

test("a worker that is not ready in time is ended, and started again", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "gated", clock: systemClock, spec: { startMs: 500 } });
  void stage.supervisor.run();
  // One that is slow to hear of it is ended, too.
  const isOver = new AbortController();
  const ordered = (async () => {
    for (let n = 2; !isOver.signal.aborted; n += 1) {
      await Promise.race([stage.saw("queue", "started", n), once(isOver.signal, "abort")]);
      stage.order("queue", "ready");
    }
  })();
  const { workers } = await stage.statusWhere(({ workers }) => workers[0]?.state === "running");
  isOver.abort();
  await ordered;
  assert.equal(workers[0]?.lastError, "not ready after 500 ms");
  assert.ok(workers[0].restarts >= 1);
  stage.order("queue", "end");
});

test(
  "a worker that hangs is found by its missing beat, ended and started again; its sibling goes on",
  { timeout },
  async (t) => {
    const stage = await Stage.open(t, { queue: "plain", telegram: "plain" });
    void stage.supervisor.run();
    await stage.statusWhere(({ state }) => state === "running");
    stage.order("queue", "hang");
    await stage.saw("queue", "ready", 2);
    const { workers } = await stage.statusWhere(({ workers }) => workers[0]?.state === "running");
    assert.deepEqual([workers[0]?.restarts, workers[0]?.lastError], [1, "no beat for 10 s"]);
    assert.deepEqual([workers[1]?.restarts, workers[1]?.state], [0, "running"]);
    assert.deepEqual(stage.aborted, []);
  },
);

test("an exception that nothing catches is told in the status and the log", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain" });
  void stage.supervisor.run();
  await stage.saw("queue", "ready");
  stage.order("queue", "throw");
  const { workers } = await stage.statusWhere(({ workers }) => workers[0]?.lastError !== undefined);
  assert.match(workers[0]?.lastError ?? "", /^RangeError: told to throw/);
  const line = stage.lines.find(({ level }) => level === "error");
  assert.deepEqual([line?.fields["worker"], line?.fields["lastError"]], ["queue", "RangeError: told to throw"]);
});

test("a worker whose file is missing is tried again, and the reason told", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", spec: { entry: new URL("none.js", import.meta.url) } });
  assert.equal(await stage.supervisor.run(), 70);
  assert.match((await stage.status())?.workers[0]?.lastError ?? "", /none\.js/);
});

/** A clock whose first pause before a restart ends when the test says so. */
function heldPauses(): { readonly clock: Clock; readonly held: (() => void)[] } {
  const held: (() => void)[] = [];
  const after: Clock["after"] = (ms, task) => {
    if (ms !== 100) return systemClock.after(ms, task);
    held.push(task);
    return () => undefined;
  };
  return { clock: { ...systemClock, after }, held };
}

test("while it waits to be started again a worker loads its program, and does no more", { timeout }, async (t) => {
  const { clock, held } = heldPauses();
  const stage = await Stage.open(t, { queue: "plain", clock });
  void stage.supervisor.run();
  await stage.saw("queue", "ready");
  stage.order("queue", "die");
  await stage.saw("queue", "loaded", 2);
  const { workers } = await stage.statusWhere(({ workers }) => workers[0]?.state === "backoff");
  assert.equal(workers[0]?.restarts, 1);
  assert.deepEqual(stage.story("loaded", "started", "ready"), [
    "queue loaded",
    "queue started",
    "queue ready",
    "queue loaded",
  ]);
  for (const startAgain of held) startAgain();
  await stage.saw("queue", "ready", 2);
  await stage.statusWhere(({ workers }) => workers[0]?.state === "running");
});

test("one that does not live to the end of its pause has failed when that is over", { timeout }, async (t) => {
  const { clock, held } = heldPauses();
  const stage = await Stage.open(t, { queue: "unloadable", clock });
  void stage.supervisor.run();
  await stage.saw("queue", "loaded", 2);
  // Its end is told nowhere, which is what is to be seen.
  await pause(300);
  const told = await stage.statusWhere(({ workers }) => (workers[0]?.restarts ?? 0) >= 1);
  assert.equal(told.workers[0]?.restarts, 1);
  for (const startAgain of held) startAgain();
  const { workers } = await stage.statusWhere(({ workers }) => workers[0]?.restarts === 2);
  assert.deepEqual([workers[0]?.state, workers[0]?.lastError], ["backoff", "RangeError: unloadable"]);
});

test("a stop in the pause of one that is dead already leaves it stopped", { timeout }, async (t) => {
  const { clock } = heldPauses();
  const stage = await Stage.open(t, { queue: "unloadable", clock });
  const status = stage.supervisor.run();
  await stage.saw("queue", "loaded", 2);
  await pause(300);
  assert.equal(await stage.supervisor.stop(), 0);
  assert.equal(await status, 0);
  assert.equal((await stage.status())?.workers[0]?.state, "stopped");
});

test("a worker that waits to be started again is not started after a stop", { timeout }, async (t) => {
  const { clock, held } = heldPauses();
  const stage = await Stage.open(t, { queue: "stillborn", clock });
  const status = stage.supervisor.run();
  await stage.statusWhere(({ workers }) => workers[0]?.state === "backoff");
  assert.equal(await stage.supervisor.stop(), 0);
  assert.equal(await status, 0);
  assert.equal(held.length, 1);
  for (const startAgain of held) startAgain();
  assert.equal((await stage.status())?.workers[0]?.state, "stopped");
  assert.equal(stage.lines.filter(({ message }) => message === "starting").length, 1);
  assert.deepEqual(stage.story("started"), ["queue started"]);
});
