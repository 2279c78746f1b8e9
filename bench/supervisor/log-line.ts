/** What a line of a worker's log costs the thread that logs it, beside a bare write of the same bytes. */
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLog } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secrets.ts";
import { quantile } from "../bench.ts";

const ROUNDS = 7;
const LINES = 10_000;

/** As long as those of the bot, and as many. */
const SECRETS = [
  "7123456789:AAHush_Hush-telegram0bot1token2xyzabc",
  `sk-ant-api03-${"hush".repeat(20)}`,
  `sk-ant-oat01-${"hush".repeat(20)}`,
  "0123456789abcdef".repeat(4),
];

/** Median µs a line, of the log as a worker opens it but for standard output, and of `fs.writeSync`, taken in turns. */
export async function measureLogLine(): Promise<{ readonly usPerLine: number; readonly usBareWrite: number }> {
  const dir = await mkdtemp(join(tmpdir(), "tinyclaw-bench-"));
  const secrets = SECRETS.map((secret) => new Secret(secret));
  const log = await openLog({ dir, source: "queue", level: "info", secrets, stdout: false });
  const logLine = (n: number): void => {
    const fields = { threadId: 5, messageId: `u${100_000 + n}`, reason: "Claude is overloaded", delayMs: 1_000 };
    log.logger.warn(fields, "message goes back to its place");
  };
  logLine(0);
  const bytes = await readFile(join(dir, "queue.log"));
  const bare = openSync(join(dir, "bare"), "a");
  const logged: number[] = [];
  const written: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    logged.push(usEach(logLine));
    written.push(usEach(() => writeSync(bare, bytes)));
  }
  log.close();
  closeSync(bare);
  await rm(dir, { recursive: true });
  return { usPerLine: quantile(logged, 0.5), usBareWrite: quantile(written, 0.5) };
}

function usEach(act: (n: number) => void): number {
  const started = performance.now();
  for (let n = 0; n < LINES; n += 1) act(n);
  return ((performance.now() - started) * 1_000) / LINES;
}
