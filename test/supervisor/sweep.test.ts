import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { MARKER, bears, markOf } from "../../src/core/agent-marker.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Clock } from "../../src/core/clock.ts";
import { noConfinement, runConfined } from "../support/confined.ts";
import { eventually } from "../support/eventually.ts";
import { needsLinux } from "../support/needs.ts";
import * as sweeper from "../../src/supervisor/sweep.ts";

const timeout = 20_000;
const sweep = (mark: string): Promise<void> =>
  sweeper.sweep(mark, { clock: systemClock, runAs: undefined, helper: "" });
const skip = needsLinux();

/** A shell that starts others in sessions of their own, and says when they run. */
async function start(t: TestContext, mark: string, command = "sleep 60"): Promise<ChildProcess> {
  const script = `setsid sh -c 'setsid ${command} & ${command}' & echo started; ${command}`;
  const child = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"] ?? "", [MARKER]: mark },
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

/** Processes that bear the mark. */
function count(mark: string): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const environ = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1");
    } catch {
      return "";
    }
  };
  return pids.filter((pid) => bears(environ(pid), mark)).length;
}

test("a mark is borne by those whose own begins with it, part by part", () => {
  const environ = `A=1\0${MARKER}=dir:run:5\0B=2\0`;
  for (const mark of ["dir", "dir:run", "dir:run:5"]) assert.equal(bears(environ, mark), true, mark);
  for (const mark of ["di", "dir:ru", "run", "dir:run:5:6", "dir:run:55"])
    assert.equal(bears(environ, mark), false, mark);
  assert.equal(bears(`X${MARKER}=dir\0`, "dir"), false);
});

test("a sweep ends what bears the mark, in whatever session, and nothing else", { timeout, skip }, async (t) => {
  const [mine, other] = [randomUUID(), randomUUID()];
  const child = await start(t, markOf(mine, "run", "5"));
  const spared = await start(t, markOf(other, "run", "5"));
  const gone = once(child, "exit");
  await eventually("four processes", () => (count(mine) >= 4 ? true : undefined));
  await sweep(mine);
  await gone;
  assert.equal(count(mine), 0);
  assert.equal(spared.exitCode ?? spared.signalCode, null);
  const ended = once(spared, "exit");
  await sweep(markOf(other, "run"));
  await ended;
});

test("what starts another each time it is ended is gone as well", { timeout, skip }, async (t) => {
  const mark = randomUUID();
  await start(t, mark, 'sh -c "while :; do setsid sleep 5 & sleep 0.01; done"');
  await new Promise((done) => setTimeout(done, 300));
  await sweep(mark);
  assert.equal(count(mark), 0);
});

test("what appears after a look that found nothing is found by the next", { timeout, skip }, async (t) => {
  const mark = randomUUID();
  let late: ChildProcess | undefined;
  const clock: Clock = {
    ...systemClock,
    async sleep(ms) {
      late ??= await start(t, mark);
      return systemClock.sleep(ms);
    },
  };
  await sweeper.sweep(mark, { clock, runAs: undefined, helper: "" });
  assert.ok(late !== undefined, "it looks twice");
  assert.equal(count(mark), 0);
});

test("a sweep under another user that fails says how", { skip: noConfinement || skip }, async (t) => {
  const mark = randomUUID();
  const runAs = { uid: 65_534, gid: 65_534 };
  const child = spawn("/bin/sleep", ["60"], { ...runAs, stdio: "ignore", env: { [MARKER]: mark } });
  t.after(() => child.kill("SIGKILL"));
  const [module, core] = ["src/supervisor/sweep.js", "src/core/clock.js"].map(
    (path) => new URL(`../../${path}`, import.meta.url).href,
  );
  const said = await runConfined(
    `import { sweep } from "${module}"; import { systemClock as clock } from "${core}";
     const sweeping = { clock, runAs: ${JSON.stringify(runAs)}, helper: "/no/such/program.js" };
     console.log(await sweep("${mark}", sweeping).then(() => "done", (error) => error.message));`,
  );
  // Node itself may lie where that user may not go.
  assert.match(said, /^the sweep under uid 65534 (?:ended with status 1|did not start \(EACCES\)): /);
  assert.equal(count(mark), 1);
});
