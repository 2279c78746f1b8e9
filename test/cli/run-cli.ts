/** `main.js` of the command line as a process. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote, byte for byte. */
  readonly bytes: Buffer;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly end: Promise<CliEnd>;
  /** What it has said so far on both. */
  output(): string;
}

/** Starts it outside of any checkout, with this environment and no other. */
export function startCli(words: readonly string[], env: Readonly<Record<string, string>>, cwd = tmpdir()): RunningCli {
  const child = spawn(process.execPath, [MAIN, ...words], { cwd, env: { PATH: process.env["PATH"], ...env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const end = once(child, "close").then(([code, signal]: unknown[]) => {
    const bytes = Buffer.concat(out);
    const stderr = Buffer.concat(err).toString("utf8");
    return { code, signal, bytes, stdout: bytes.toString("utf8"), stderr } as CliEnd;
  });
  return { child, end, output: () => Buffer.concat([...out, ...err]).toString("utf8") };
}

export async function runCli(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  input: Buffer | string = "",
): Promise<CliEnd> {
  const { child, end } = startCli(words, env);
  // One that ends before it has read all of it is no fault here.
  child.stdin?.on("error", () => undefined).end(input);
  return await end;
}
