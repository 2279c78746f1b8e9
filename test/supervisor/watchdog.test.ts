import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { suite, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const timeout = 60_000;
const watched = fileURLToPath(new URL("fixtures/watched.js", import.meta.url));

async function start(t: TestContext, what: "hang" | "idle"): Promise<{ child: ChildProcess; stderr: Promise<string> }> {
  const child = spawn(process.execPath, [watched, what], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const stderr = text(child.stderr);
  await once(createInterface(child.stdout), "line");
  return { child, stderr };
}

suite("the watchdog", { concurrency: true }, () => {
  test("ends a process whose main thread hangs, after 10 s, and says so", { timeout }, async (t) => {
    const { child, stderr } = await start(t, "hang");
    const since = performance.now();
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    const took = performance.now() - since;
    assert.deepEqual([code, signal], [null, "SIGKILL"]);
    assert.ok(took > 9_000, `${took} ms`);
    assert.equal(await stderr, "the main thread has hung for 10 s: the bot ends itself\n");
  });

  test("lets a process live that was stopped for longer than that, and then goes on", { timeout }, async (t) => {
    const { child } = await start(t, "idle");
    child.kill("SIGSTOP");
    await pause(14_000);
    child.kill("SIGCONT");
    await pause(3_000);
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  });
});
