/** The built bot as a process that may end in every way, and what its files say of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Stage } from "../../../src/cli/demo/stage.ts";
import { markOf } from "../../../src/core/agent-marker.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { sweep } from "../../../src/supervisor/sweep.ts";
import { eventually } from "../../support/eventually.ts";

const PROGRAM = fileURLToPath(new URL("../../../src/supervisor/main.js", import.meta.url));
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface BotOptions {
  /** What the bot is started by: a program and its words, before those of the bot. */
  readonly by?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
}

/** `status/supervisor.json`, as far as these tests look into it. */
export interface Status {
  readonly timestamp: number;
  readonly instance: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly state: string;
  readonly workers: readonly WorkerStatus[];
  readonly agents: readonly { readonly pid: number }[];
}

export interface WorkerStatus {
  readonly name: string;
  readonly state: string;
  readonly startedAt: number;
  readonly restarts: number;
  readonly lastError?: string;
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Bot {
  readonly process: ChildProcess;
  readonly stage: Stage;
  /** Its own end, or that of what it was started by. */
  readonly ended: Promise<End>;
  stdout = "";
  stderr = "";
  readonly #since = Date.now();

  constructor(stage: Stage, { by = [], environment = {}, words = [] }: BotOptions = {}) {
    this.stage = stage;
    const [program = process.execPath, ...rest] = [...by, process.execPath, "--enable-source-maps", PROGRAM, ...words];
    const child = spawn(program, rest, {
      cwd: stage.root,
      env: { ...botEnvironment(stage), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    child.stdout.on("data", (chunk: Buffer) => (this.stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString("utf8")));
    this.ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  }

  /** The first status of this run that is as wanted. */
  async statusWhere(what: string, wanted: (status: Status) => boolean): Promise<Status> {
    const seen = await eventually(what, async () => {
      const hasEnded = this.hasEnded;
      const status = await readStatus(this.stage);
      if (status !== undefined && status.startedAt >= this.#since && wanted(status)) return status;
      return hasEnded ? "ended" : undefined;
    });
    if (seen !== "ended") return seen;
    throw new Error(`${what} did not come, for the bot ended:\n${this.stderr}${this.stdout}`);
  }

  /** The status in which both workers run. */
  running(): Promise<Status> {
    return this.statusWhere(
      "a bot whose workers run",
      ({ state, workers }) => state === "running" && workers.every((worker) => worker.state === "running"),
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}

export async function readStatus(stage: Stage): Promise<Status | undefined> {
  const text = await readFile(join(stage.dir, "status", "supervisor.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Status);
}

export function workerIn(status: Status, name: string): WorkerStatus {
  const found = status.workers.find((worker) => worker.name === name);
  if (found === undefined) throw new Error(`no worker ${name} in ${JSON.stringify(status)}`);
  return found;
}

/** Lines of a log: `supervisor`, `queue` or `telegram`. */
export async function logOf(stage: Stage, source: string): Promise<LogLine[]> {
  const text = await readFile(join(stage.dir, "logs", `${source}.log`), "utf8").catch(() => "");
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogLine);
}

export interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly verdict?: { readonly action: string; readonly delayMs?: number; readonly failures?: number };
}

/** Names in a folder of the queue, in the queue's order. */
export async function namesIn(stage: Stage, folder: string): Promise<string[]> {
  return (await readdir(join(stage.dir, "queue", folder))).filter((name) => name.endsWith(".json")).toSorted();
}

/** Ends what the agents of killed bots have left behind. */
export async function sweepAfter(stage: Stage): Promise<void> {
  const found = await stat(stage.dir, { bigint: true }).catch(() => undefined);
  if (found === undefined) return;
  const mark = markOf(`${found.dev}-${found.ino}-${found.birthtimeNs}`);
  await sweep(mark, { clock: systemClock, runAs: undefined, helper: "" });
}

export function botEnvironment(stage: Stage): Record<string, string> {
  return {
    PATH: SYSTEM_PATH,
    HOME: join(stage.root, "home"),
    LANG: "C.UTF-8",
    TINYCLAW_DIR: stage.dir,
    WORKSPACE_ROOT: stage.workspace,
    TELEGRAM_BOT_TOKEN: stage.telegram.token,
    TELEGRAM_CHAT_ID: String(stage.telegram.chatId),
    TELEGRAM_API_ROOT: stage.telegram.url,
    ANTHROPIC_API_KEY: "a-key-of-nobody",
    ANTHROPIC_BASE_URL: stage.claude.url,
    CLAUDE_CONFIG_DIR: join(stage.root, "home", ".claude"),
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: "1" } : {}),
  };
}
