import { execFile } from "node:child_process";
import { needsSuccess } from "../../support/needs.ts";

/** Long enough for a build on a loaded machine. */
const PATIENCE_MS = 600_000;
const MOST_OUTPUT = 64 * 2 ** 20;

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Around {
  readonly cwd?: string;
  /** On top of what the program needs to find itself and the engine. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Of the caller's environment: where programs and the engine are found. */
const PASSED = ["PATH", "HOME", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR"];

/** Runs a program to its end with nothing on standard input. Resolves whatever the status; 124 when it took too long. */
export function attempt(program: string, words: readonly string[], around: Around = {}): Promise<Outcome> {
  const passed = PASSED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const options = {
    env: { ...Object.fromEntries(passed), ...around.env },
    timeout: around.timeoutMs ?? PATIENCE_MS,
    maxBuffer: MOST_OUTPUT,
    ...(around.cwd === undefined ? {} : { cwd: around.cwd }),
  };
  return new Promise((resolve) => {
    const child = execFile(program, [...words], options, (error, stdout, stderr) => {
      const code = error?.code;
      const status = error === null ? 0 : typeof code === "number" ? code : error.killed === true ? 124 : 127;
      resolve({ status, stdout, stderr: status === 127 ? `${stderr}${error?.message ?? ""}` : stderr });
    });
    child.stdin?.end();
  });
}

/** As `attempt`; resolves with what it printed, and throws with its last words when it failed. */
export async function must(program: string, words: readonly string[], around: Around = {}): Promise<string> {
  const { status, stdout, stderr } = await attempt(program, words, around);
  if (status === 0) return stdout;
  const tail = `${stdout}\n${stderr}`.trim().split("\n").slice(-30).join("\n");
  throw new Error(`${program} ${words.join(" ")} ended with ${status}:\n${tail}`);
}

/** `docker …`; its output without the line break at the end. */
export async function docker(...words: string[]): Promise<string> {
  return (await must("docker", words)).trimEnd();
}

/** For `test(title, { skip: noEngine }, …)`: why the stack cannot run here. */
export const noEngine: string | false =
  needsSuccess(["docker", "info"], "needs a Docker engine that this user may talk to") ||
  needsSuccess(["docker", "compose", "version"], "needs docker compose");
