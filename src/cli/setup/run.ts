import { execFile } from "node:child_process";

/** How a program of this machine ended. */
export interface Ran {
  /** `missing`: there is none of that name; `late`: it was ended at its deadline. */
  readonly status: number | "missing" | "late";
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Never rejects. */
export type Run = (program: string, words: readonly string[]) => Promise<Ran>;

const DEADLINE_MS = 15_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** Runs programs in `directory`, each with this process's environment and a deadline. */
export function runner(directory: string, signal: AbortSignal, deadlineMs: number = DEADLINE_MS): Run {
  return (program, words) =>
    new Promise((resolve) => {
      const options = {
        cwd: directory,
        signal,
        timeout: deadlineMs,
        maxBuffer: MAX_BYTES,
        killSignal: "SIGKILL",
      } as const;
      execFile(program, [...words], options, (error, stdout, stderr) => {
        resolve({ status: statusOf(error), stdout, stderr });
      });
    });
}

function statusOf(error: (Error & { code?: unknown; killed?: boolean }) | null): Ran["status"] {
  if (error === null) return 0;
  if (error.code === "ENOENT") return "missing";
  return typeof error.code === "number" ? error.code : "late";
}
