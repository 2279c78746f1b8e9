import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { MARKER } from "../../src/core/agent-marker.ts";
import type { SpawnRequest } from "../../src/core/channel/protocol.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Clock } from "../../src/core/clock.ts";
import { AgentHost } from "../../src/supervisor/agent-host.ts";
import { RemoteProcess } from "../../src/workers/queue/agent-remote.ts";
import { openHost } from "../support/agent-host.ts";
import { eventually } from "../support/eventually.ts";
import { memoryLog } from "../support/memory-log.ts";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 60_000;

/** A host for one test, and a way to start shells by it. */
function rig(t: TestContext) {
  const { host } = openHost({ mark: randomUUID() });
  t.after(() => host.close());
  const start = (script: string, cwd = "/", more: Partial<SpawnRequest> = {}) => {
    const { port1, port2 } = new MessageChannel();
    const request = {
      command: "/bin/sh",
      args: ["-c", script],
      cwd,
      env: { PATH: process.env["PATH"] ?? "" },
      ...more,
    };
    host.spawn(request, port2);
    const dropLine = async (): Promise<void> => {
      port1.close();
      await once(port2, "close");
    };
    return { child: new RemoteProcess(port1), dropLine };
  };
  return { host, start };
}

async function firstLine(child: RemoteProcess): Promise<string> {
  const [bytes] = (await once(child.stdout, "data")) as [Buffer];
  return bytes.toString("utf8").trim();
}

async function gone(pid: number): Promise<void> {
  await eventually(`the end of process ${pid}`, () => (existsSync(`/proc/${pid}`) ? undefined : true));
}

test("a process is told of from its start to its end, with what it said", { timeout }, async (t) => {
  const dir = await tempDir(t);
  const { child } = rig(t).start("echo out; echo err >&2; pwd; exit 3", dir);
  let out = "";
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString("utf8")));
  assert.deepEqual(await once(child, "exit"), [3, null]);
  assert.equal(out, `out\n${dir}\n`);
  assert.equal(child.stderr, "err\n");
  assert.ok(Number(child.pid) > 0);
});

test("of standard error its end is kept, however much there was", { timeout }, async (t) => {
  const { port1, port2 } = new MessageChannel();
  const { host } = openHost({ mark: randomUUID() });
  t.after(() => host.close());
  let told = 0;
  port1.on("message", (value: { name: string; data: { text?: string } }) => {
    if (value.name === "complaint") told += value.data.text?.length ?? 0;
  });
  const script = "head -c 20000000 /dev/zero | tr '\\0' x >&2; echo the end >&2";
  const env = { PATH: process.env["PATH"] ?? "" };
  host.spawn({ command: "/bin/sh", args: ["-c", script], cwd: "/", env }, port2);
  const child = new RemoteProcess(port1);
  await once(child, "exit");
  assert.equal(child.stderr.length, 8192);
  assert.ok(child.stderr.endsWith("xthe end\n"));
  assert.ok(told < 2_000_000, `${told} characters came`);
});

test("ten megabytes go in and come out whole, however late they are read", { timeout }, async (t) => {
  const { child } = rig(t).start("cat");
  const block = Buffer.alloc(64 * 1024, "0123456789abcdef");
  const feeding = (async () => {
    for (let n = 0; n < 160; n += 1) if (!child.stdin.write(block)) await once(child.stdin, "drain");
    child.stdin.end();
  })();
  await pause(500);
  const parts: Buffer[] = [];
  for await (const part of child.stdout) {
    parts.push(part as Buffer);
    if (parts.length % 50 === 0) await pause(5);
  }
  await feeding;
  assert.ok(Buffer.concat(parts).equals(Buffer.concat(Array.from({ length: 160 }, () => block))));
});

test("a process that nobody reads is made to wait after some megabytes", { timeout }, async (t) => {
  const { child } = rig(t).start("head -c 50000000 /dev/zero; echo written >&2; cat");
  await eventually("its start", () => child.pid);
  await pause(1000);
  assert.equal(child.stderr, "");
  child.stdout.resume();
  await eventually("the rest", () => (child.stderr === "" ? undefined : true));
});

test("a line that closes ends the process, and what it had started in other sessions", { timeout }, async (t) => {
  const { child, dropLine } = rig(t).start("setsid sh -c 'echo $$; exec sleep 60' & wait; sleep 60");
  const started = Number(await firstLine(child));
  const { pid = 0 } = child;
  await dropLine();
  await gone(pid);
  await gone(started);
});

test("one that ignores SIGTERM is killed 5 s later", { timeout }, async (t) => {
  const { child, dropLine } = rig(t).start("trap '' TERM; echo deaf; while :; do sleep 1; done");
  await firstLine(child);
  const since = performance.now();
  await dropLine();
  await gone(child.pid ?? 0);
  const took = performance.now() - since;
  assert.ok(took >= 4_900 && took < 15_000, `${took} ms`);
});

test("in a directory whose process lost its worker the next starts when that is gone", { timeout }, async (t) => {
  const { start } = rig(t);
  const dir = await tempDir(t);
  const first = start("trap 'sleep 4; exit' TERM; echo there; while :; do sleep 0.1; done", dir);
  await firstLine(first.child);
  await first.dropLine();
  const next = start("cat", dir);
  next.child.stdin.write("asked while it waited\n");
  const ended = start("sleep 60", dir);
  ended.child.kill("SIGKILL");
  const other = start("echo here", "/");
  assert.equal(await firstLine(other.child), "here");
  assert.ok(existsSync(`/proc/${first.child.pid}`));
  assert.equal(await firstLine(next.child), "asked while it waited");
  assert.ok(!existsSync(`/proc/${first.child.pid}`));
  if (!ended.child.isGone) await once(ended.child, "exit");
});

test("the end of the host is the end of all, also of those that wait", { timeout }, async (t) => {
  const { host, start } = rig(t);
  const dir = await tempDir(t);
  const running = start("echo there; sleep 60");
  const slow = start("trap 'sleep 2; exit' TERM; echo there; while :; do sleep 0.1; done", dir);
  await Promise.all([firstLine(running.child), firstLine(slow.child)]);
  await slow.dropLine();
  const file = join(dir, "made");
  const waiting = start(`touch ${file}; sleep 60`, dir);
  const exits = once(running.child, "exit");
  const refused = once(waiting.child, "error");
  await host.close();
  assert.deepEqual(await exits, [null, "SIGTERM"]);
  await refused;
  assert.ok(!existsSync(file));
});

test("what cannot be started ends with its reason", { timeout }, async (t) => {
  const { start } = rig(t);
  const { child } = start("true", "/nowhere/at/all");
  const [code] = (await once(child, "exit")) as [number];
  assert.notEqual(code, 0);
  assert.match(child.stderr, /nowhere/);
});

test("one that has shed the mark and holds an agent's pipes keeps none open in us", { timeout }, async (t) => {
  const { start } = rig(t);
  const open = (): number => readdirSync("/proc/self/fd").length;
  const before = open();
  const { child } = start(`env -u ${MARKER} setsid sleep 60 & echo $!`);
  const holder = Number(await firstLine(child));
  t.after(() => process.kill(holder, "SIGKILL"));
  await once(child, "exit");
  assert.ok(existsSync(`/proc/${holder}`), "it is still there");
  await eventually("the end of our pipes", () => (open() <= before ? true : undefined));
});

test("after one that starts no others nothing is looked for", { timeout }, async (t) => {
  const swept: string[] = [];
  const host = new AgentHost({
    clock: systemClock,
    log: memoryLog().log,
    runAs: undefined,
    mark: "mine",
    sweep: (mark) => {
      swept.push(mark);
      return Promise.resolve();
    },
  });
  t.after(() => host.close());
  for (const more of [{ alone: true } as const, {}]) {
    const { port1, port2 } = new MessageChannel();
    host.spawn({ command: "true", args: [], cwd: "/", env: {}, ...more }, port2);
    await once(new RemoteProcess(port1), "exit");
  }
  assert.deepEqual(swept, ["mine:2"]);
});

test("nothing is waited for after the end of a process, by itself or by its line", { timeout }, async (t) => {
  const pending = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    after(ms, task) {
      const cancel = systemClock.after(ms, () => {
        pending.delete(task);
        task();
      });
      pending.add(task);
      return () => {
        pending.delete(task);
        cancel();
      };
    },
  };
  const host = new AgentHost({ clock, log: memoryLog().log, runAs: undefined, mark: "mine", sweep: async () => {} });
  t.after(() => host.close());
  for (const script of ["echo there; echo here >&2", "echo there; exec sleep 60"]) {
    const { port1, port2 } = new MessageChannel();
    const env = { PATH: process.env["PATH"] ?? "" };
    host.spawn({ command: "/bin/sh", args: ["-c", script], cwd: "/", env }, port2);
    const child = new RemoteProcess(port1);
    await firstLine(child);
    const closed = once(port2, "close");
    if (script.includes("exec")) port1.close();
    else await once(child, "exit");
    await closed;
    await gone(child.pid ?? 0);
    // Far less than any of them would last.
    await pause(1000);
    assert.equal(pending.size, 0);
  }
});

test("a line of output without an end ends its process, not its reader", { timeout }, async (t) => {
  const { child } = rig(t).start("head -c 60000000 /dev/zero | tr '\\0' x; sleep 60");
  let bytes = 0;
  child.stdout.on("data", (piece: Buffer) => (bytes += piece.length));
  assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
  assert.ok(bytes > 32_000_000 && bytes < 40_000_000, String(bytes));
  assert.match(child.stderr, /a line of its output had more than 33554432 bytes$/);
});

test("one that works in no directory waits for none of those that lost their worker", { timeout }, async (t) => {
  const { start } = rig(t);
  const stubborn = start("trap '' TERM; echo up; while :; do sleep 1; done");
  await firstLine(stubborn.child);
  await stubborn.dropLine();
  await pause(50);
  const begun = performance.now();
  const { child } = start("exit 7", "/", { alone: true });
  assert.deepEqual(await once(child, "exit"), [7, null]);
  assert.ok(performance.now() - begun < 3_000);
});
