import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 30_000;
const program = fileURLToPath(new URL("fixtures/failing.js", import.meta.url));
const SECRET = "hush-hush-4711";

interface Line {
  readonly level: number;
  readonly worker: string;
  readonly msg: string;
  readonly err?: { readonly stack: string } | string;
}

const ways: [string, string, RegExp][] = [
  ["an exception that nothing catches", "throw", /at .*thrower.*failing/],
  ["a rejection that nothing handles", "reject", /at .*failing/],
  ["a start that fails", "start", /at .*failing/],
  ["a fault found while running", "fail", /at .*failing/],
];
for (const [what, way, frame] of ways) {
  test(
    `${what} is in the worker's log with its stack when the thread has ended, without its secrets`,
    { timeout },
    async (t) => {
      const { last, all, status } = await logOf(await tempDir(t), way);
      assert.deepEqual([status, last.level, last.worker], [1, 50, "queue"]);
      assert.ok(typeof last.err === "object");
      assert.match(last.err.stack, /^Error: refused https:\/\/h\/bot\[secret\]\/x\n/);
      assert.match(last.err.stack, frame);
      assert.match(last.err.stack, /\ncaused by: Error: the cause of \[secret\]\n\s+at /);
      assert.ok(!all.includes(SECRET));
    },
  );
}

test("what is thrown and is no error is in the log too", { timeout }, async (t) => {
  const { last, all } = await logOf(await tempDir(t), "text");
  assert.deepEqual([last.err, last.msg], ["words with [secret]", "words with [secret]"]);
  assert.ok(!all.includes(SECRET));
});

test("a worker does nothing before it is told to begin", { timeout }, async (t) => {
  const env = { PATH: process.env["PATH"], TINYCLAW_DIR: await tempDir(t), WAY: "start", BEGIN_AFTER_MS: "1500" };
  const { stdout } = spawnSync(process.execPath, [program], { env, encoding: "utf8", timeout });
  const [, ms] = /^begun after (\d+) ms$/m.exec(stdout) ?? [];
  assert.ok(Number(ms) >= 1500, stdout);
});

/** Of a worker that has failed in that way: the last line of its log, and all that was written and printed. */
async function logOf(dir: string, way: string): Promise<{ last: Line; all: string; status: number | null }> {
  const env = { PATH: process.env["PATH"], TINYCLAW_DIR: dir, WAY: way, BROKER_SECRET: SECRET };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { env, encoding: "utf8", timeout });
  const text = await readFile(join(dir, "logs", "queue.log"), "utf8");
  const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as Line;
  return { last, all: text + stdout + stderr, status };
}
