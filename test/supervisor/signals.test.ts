import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { onStopSignals } from "../../src/supervisor/signals.ts";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 30_000;
const program = fileURLToPath(new URL("fixtures/orderly.js", import.meta.url));

/** The program of a supervisor in a process of its own; `said` resolves with the first such line from now on. */
async function start(t: TestContext, part: string) {
  const dir = await tempDir(t);
  await mkdir(join(dir, "status"));
  const child = spawn(process.execPath, [program, dir, part], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  output.on("line", (line) => lines.push(line));
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const said = async (line: string): Promise<void> => {
    while (!lines.includes(line)) await once(output, "line");
  };
  return { child, lines, ended, said };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`the first ${signal} ends the program in order, and no longer than it takes`, { timeout }, async (t) => {
    const { child, lines, ended, said } = await start(t, "plain");
    await said("running");
    const asked = performance.now();
    child.kill(signal);
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(lines.slice(-2), [`stop ${signal}`, "ended"]);
    const took = performance.now() - asked;
    assert.ok(took < 10_000, `the program lingered for ${took} ms after its workers`);
  });
}

test("a second signal, of either kind, ends the program at once", { timeout }, async (t) => {
  const { child, lines, ended, said } = await start(t, "deaf");
  await said("running");
  child.kill("SIGTERM");
  await said("stop SIGTERM");
  const asked = performance.now();
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
  assert.equal(lines.at(-1), "force SIGINT");
  assert.ok(performance.now() - asked < 10_000, "it waited for the worker's grace");
});

test("once unlistened, no listener is left on the process", () => {
  const count = (): number => process.listenerCount("SIGTERM") + process.listenerCount("SIGINT");
  const before = count();
  const unlisten = onStopSignals({ onStop: () => undefined, onForce: () => undefined });
  assert.equal(count(), before + 2);
  unlisten();
  assert.equal(count(), before);
});
