import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, stat } from "node:fs/promises";
import { bears } from "../core/agent-marker.ts";
import type { Clock } from "../core/clock.ts";
import type { RunAs } from "../core/config.ts";
import { errorCode } from "../core/errors.ts";

/** A process that starts another while it is being ended leaves that one for the next round. */
const ROUNDS = 20;
const BETWEEN_MS = 10;
/** A sweep under another user is a program to be started. */
const HELPER_MS = 10_000;

export interface Sweeping {
  readonly clock: Clock;
  /** User of the agents; undefined: our own. */
  readonly runAs: RunAs | undefined;
  /** The program that sweeps under that user, as `<program> --sweep <mark>`, where we may not look ourselves. */
  readonly helper: string;
}

/** Ends every process whose environment bears the mark, at once. Linux alone; elsewhere there is nothing to read. */
export async function sweep(mark: string, { clock, runAs, helper }: Sweeping): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { found, isHidden } = await look(mark, runAs?.uid);
    if (isHidden && runAs !== undefined) {
      await sweepAs(runAs, helper, mark);
      return;
    }
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
    await clock.sleep(BETWEEN_MS);
  }
}

interface Look {
  readonly found: readonly number[];
  /** Whether there are processes of that user which do not show us their environment. */
  readonly isHidden: boolean;
}

async function look(mark: string, uid: number | undefined): Promise<Look> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const seen = await Promise.all(pids.map(async (pid) => [pid, await lookAt(pid, mark, uid)] as const));
  return {
    found: seen.flatMap(([pid, what]) => (what === "marked" ? [pid] : [])),
    isHidden: seen.some(([, what]) => what === "hidden"),
  };
}

/** A zombie has no environment any more. */
async function lookAt(pid: number, mark: string, uid: number | undefined): Promise<"marked" | "hidden" | undefined> {
  try {
    return bears(await readFile(`/proc/${pid}/environ`, "latin1"), mark) ? "marked" : undefined;
  } catch (error) {
    const isClosed = uid !== undefined && ["EACCES", "EPERM"].includes(errorCode(error) ?? "");
    const owner = isClosed ? await stat(`/proc/${pid}`).catch(() => undefined) : undefined;
    return owner?.uid === uid && owner !== undefined ? "hidden" : undefined;
  }
}

/** Without the right to look into others' processes not even root may: whoever they are of may. */
async function sweepAs(runAs: RunAs, helper: string, mark: string): Promise<void> {
  const child = spawn(process.execPath, [helper, "--sweep", mark], {
    ...runAs,
    cwd: "/",
    env: {},
    stdio: "ignore",
    timeout: HELPER_MS,
    killSignal: "SIGKILL",
  });
  await once(child, "close");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone by itself.
  }
}
