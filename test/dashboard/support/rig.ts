/** The dashboard as a process of its own, with what a test asks of it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { JsonlWriter } from "../../../src/core/jsonl.ts";
import { TOPICS } from "../../../src/dashboard/topics.ts";
import type { Topic } from "../../../src/dashboard/topics.ts";
import { tempDir } from "../../support/temp-dir.ts";

export const MAIN = fileURLToPath(new URL("../../../src/dashboard/main.js", import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Of the program that carries it, if there is one. */
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** `.tinyclaw/`. */
  readonly dir: string;
  readonly exit: Promise<Exit>;
  /** What it has said so far. */
  output(): string;
  /** Memory it holds, bytes. */
  rss(): Promise<number>;
  get(path: string, init?: RequestInit): Promise<Response>;
}

export interface StartOptions {
  /** `.tinyclaw/`; one of its own if left out. */
  readonly dir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Before main.js. */
  readonly nodeArgs?: readonly string[];
  /** A program that starts Node, with its arguments. */
  readonly carrier?: readonly string[];
}

/** Starts it, and does not wait for anything. It is killed with the test. */
export async function launch(
  t: TestContext,
  options: StartOptions = {},
): Promise<{ child: ChildProcess; exit: Promise<Exit>; dir: string; output: () => string }> {
  const home = await tempDir(t);
  const dir = options.dir ?? join(home, ".tinyclaw");
  const [carrier, ...carrierArgs] = options.carrier ?? [];
  const node = [...(options.nodeArgs ?? []), MAIN];
  const args = carrier === undefined ? node : [...carrierArgs, process.execPath, ...node];
  const env = { PATH: process.env["PATH"], TINYCLAW_DIR: dir, DASHBOARD_PORT: "0", HOST_PROC: "/proc", ...options.env };
  const child = spawn(carrier ?? process.execPath, args, {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: carrier !== undefined,
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (texts[name] += text));
  }
  const exit = once(child, "close").then(([code, signal]: unknown[]) => ({ code, signal, ...texts }) as Exit);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) kill(child, carrier !== undefined);
    await exit;
  });
  return { child, exit, dir, output: () => `${texts.stdout}${texts.stderr}` };
}

/** One that is carried was started as a group with its carrier. */
function kill(child: ChildProcess, isGroup: boolean): void {
  try {
    if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** Starts it, and waits until it listens. */
export async function start(t: TestContext, options: StartOptions = {}): Promise<Running> {
  const { child, exit, dir, output } = await launch(t, options);
  const listening = new Promise<number>((resolve) => {
    child.stdout?.on("data", () => {
      const line = output()
        .split("\n")
        .find((text) => text.includes('"msg":"listening"') && text.endsWith("}"));
      if (line !== undefined) resolve((JSON.parse(line) as { port: number }).port);
    });
  });
  const outcome = await Promise.race([listening, exit]);
  if (typeof outcome !== "number") {
    const { code, signal, stderr, stdout } = outcome;
    throw new Error(`the dashboard ended with ${code ?? signal}: ${stderr}${stdout}`);
  }
  const port = outcome;
  const { pid } = child;
  if (pid === undefined) throw new Error("the dashboard has no pid");
  const url = `http://127.0.0.1:${port}`;
  return {
    child,
    pid,
    port,
    url,
    dir,
    exit,
    output,
    rss: () => rssOf(pid),
    get: (path, init) => fetch(`${url}${path}`, init),
  };
}

export async function rssOf(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

/** A writer of a topic's file, as the bot has one; closed with the test. */
export async function writerOf(t: TestContext, dir: string, topic: Topic): Promise<JsonlWriter> {
  const writer = await JsonlWriter.open(join(dir, TOPICS[topic].file));
  t.after(() => writer.close());
  return writer;
}

/** A file of `.tinyclaw/` with its folders. */
export async function put(dir: string, name: string, content: string | object): Promise<void> {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), typeof content === "string" ? content : JSON.stringify(content));
}

export interface Item {
  readonly cursor: string;
  readonly n?: number;
  readonly [name: string]: unknown;
}

export interface List {
  readonly items: readonly Item[];
  readonly first: string;
  readonly last: string;
  readonly more: boolean;
}

export async function jsonOf<T = Record<string, unknown>>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

/** Status and code of a refusal. */
export async function refusalOf(asked: Promise<Response>): Promise<[number, unknown]> {
  const response = await asked;
  const { error, message } = await jsonOf(response);
  if (typeof message !== "string" || message === "") throw new Error("a refusal bears no message");
  return [response.status, error];
}
