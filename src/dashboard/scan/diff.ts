import type { Hunk } from "./diff-step.ts";
import type { ScanPool } from "./pool.ts";

export type { Hunk } from "./diff-step.ts";

/**
 * How prompt `a` became `b`: jsdiff's structured patch of lines, with word changes. Bounded in time: what differs too
 * much is one hunk in which all is replaced. Rejects with `scan_failed`, `server_stopping`, or the signal's reason.
 */
export function diffPrompts(pool: ScanPool, a: string, b: string, signal?: AbortSignal): Promise<{ hunks: Hunk[] }> {
  return pool.run("diff", { a, b }, { signal });
}
