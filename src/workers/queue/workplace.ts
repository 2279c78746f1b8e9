/** The directories that agents work in. */
import { chown, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { RunAs } from "../../core/config.ts";
import { errorCode } from "../../core/errors.ts";
import { RemoteProcess } from "./agent-remote.ts";
import type { Launch } from "./agent-remote.ts";

/** A disk that does not answer must not hold a turn for ever. */
const MAKE_MS = 10_000;

/** How mkdir ends its line on faults of the system, as the C libraries word them. */
const WORDS: readonly (readonly [string, RegExp])[] = [
  ["ENOSPC", /: No space left on device$/],
  ["EDQUOT", /: (?:Disk quota|Quota) exceeded$/],
  ["EROFS", /: Read-only file system$/],
  ["EMFILE", /: (?:Too many open files|No file descriptors available)$/],
  ["ENFILE", /: Too many open files in system$/],
  ["EIO", /: (?:Input\/output|I\/O) error$/],
  ["ENOMEM", /: (?:Cannot allocate|Out of) memory$/],
];

/** The agents' user, and the supervisor's way to start a process under it. */
export interface Maker {
  readonly runAs: RunAs;
  readonly launch: Launch;
  readonly clock: Clock;
}

/**
 * A function that makes an agent's directory, as the agent's own user: what is to be the agent's must not need a right
 * over the files of others, nor follow, with our rights, a link that another agent laid there. `root` alone, which the
 * operator names, is made by us and handed over. `maker` undefined: the agents' user is our own.
 */
export function makeWorkplaces(root: string, maker: Maker | undefined): (path: string) => Promise<void> {
  return async (path) => {
    const made = await makeAll(root);
    if (maker === undefined) {
      await makeAll(path);
      return;
    }
    if (made !== undefined) await chown(root, maker.runAs.uid, maker.runAs.gid);
    await makeAs(path, maker);
  };
}

/** With all that is above it; undefined when it was there. */
async function makeAll(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true });
  } catch (error) {
    // Node says so of a disk without room, too, when it makes more than the last one: a plain mkdir tells them apart.
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeAll(dirname(path));
    await mkdir(path);
    return path;
  }
}

/**
 * By the supervisor: what this thread started itself nobody would reap if the thread died. With nothing of our
 * environment, which every process of that user may read, and which may stop ours for good.
 */
function makeAs(path: string, { runAs, launch, clock }: Maker): Promise<void> {
  const args = ["-p", "--", path];
  const making = new RemoteProcess(launch({ command: "mkdir", args, cwd: "/", env: {}, alone: true }));
  let cancel = (): void => undefined;
  return new Promise<void>((resolve, reject) => {
    // A process that waits for a disk cannot be killed, so that its end is not waited for.
    cancel = clock.after(MAKE_MS, () => {
      making.kill("SIGKILL");
      reject(new Error(`mkdir under uid ${runAs.uid} took more than ${MAKE_MS} ms`));
    });
    making.once("error", ({ message }: Error) => {
      reject(refusal(message, /\bspawn (?:\S+ )?(E[A-Z]+)$/.exec(message)?.[1]));
    });
    making.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(refusal(making.stderr.trim() || `mkdir under uid ${runAs.uid} failed`));
    });
  }).finally(() => {
    cancel();
  });
}

/** The system's code as well, as it has when our own mkdir fails, where it is not the directory's fault. */
function refusal(reason: string, code = WORDS.find(([, words]) => words.test(reason))?.[0]): Error {
  return Object.assign(new Error(reason), code === undefined ? {} : { code });
}
