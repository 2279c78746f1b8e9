import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { IncomingMessage } from "../../src/core/queue/message.ts";

const BODY = "x".repeat(500);
/** Lanes that messages are spread over. */
export const LANES = 20;

/** The same message for everybody. */
export function message(n: number): IncomingMessage {
  const id = { threadId: 1 + (n % LANES), messageId: `m${n}`, timestamp: Date.now() };
  return { channel: "bench", source: "cli", sender: "bench", message: BODY, ...id };
}

/** A folder on the disk of the temporary folder, gone afterwards. */
export async function withFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(path.join(tmpdir(), "tinyclaw-bench-"));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export async function timed(task: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await task();
  return performance.now() - started;
}

/** For a queue of ours: what it tells of each message is left out, and not measured. */
export const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
