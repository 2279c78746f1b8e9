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
/**
 * Looks in a row that find nothing. One would miss a process that was started by another after the list was read, when
 * that other has ended by itself before its turn; and one that turns into another program, which shows no environment.
 */
const CLEAN_LOOKS = 2;
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
  let clean = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const seen = await lookAndKill(mark, runAs?.uid);
    if (seen.has("hidden") && runAs !== undefined) {
      await sweepAs(runAs, helper, mark);
      return;
    }
    clean = seen.has("marked") ? 0 : clean + 1;
    if (clean === CLEAN_LOOKS) return;
    await clock.sleep(BETWEEN_MS);
  }
}

/** `hidden`: of that user, and does not show us its environment. */
type Sight = "marked" | "hidden" | "other";

/** Newest first, and ended as soon as it is seen: what goes from process to process is caught before the next. */
async function lookAndKill(mark: string, uid: number | undefined): Promise<ReadonlySet<Sight>> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  pids.sort((a, b) => b - a);
  const seen = pids.map(async (pid) => {
    const sight = await lookAt(pid, mark, uid);
    if (sight === "marked") kill(pid);
    return sight;
  });
  return new Set(await Promise.all(seen));
}

/** A zombie has no environment any more. */
async function lookAt(pid: number, mark: string, uid: number | undefined): Promise<Sight> {
  try {
    return bears(await readFile(`/proc/${pid}/environ`, "latin1"), mark) ? "marked" : "other";
  } catch (error) {
    const isClosed = uid !== undefined && ["EACCES", "EPERM"].includes(errorCode(error) ?? "");
    const owner = isClosed ? await stat(`/proc/${pid}`).catch(() => undefined) : undefined;
    return owner !== undefined && owner.uid === uid ? "hidden" : "other";
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
  const how = await once(child, "close").then(
    ([status, signal]: (number | string | null)[]) =>
      signal === null ? `ended with status ${status}` : `ended by ${signal}`,
    (error: unknown) => `did not start (${errorCode(error) ?? "unknown"})`,
  );
  if (how === "ended with status 0") return;
  const program = `${process.execPath} ${helper}`;
  throw new Error(`the sweep under uid ${runAs.uid} ${how}: that user must be able to run ${program}`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone by itself.
  }
}
