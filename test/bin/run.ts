import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { needs } from "../support/needs.ts";
import { repositoryRoot } from "../support/root.ts";

export const bin = path.join(repositoryRoot, "bin");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface Surroundings {
  readonly cwd: string;
  /** The whole environment: nothing of the test's own comes through but PATH, and that only if none is given. */
  readonly env: Readonly<Record<string, string>>;
  /** Bytes for standard input, which is at its end after them. */
  readonly input?: string | Buffer;
}

/** Runs a program to its end, without a terminal it could ask. */
export async function run(program: string, words: readonly string[], around: Surroundings): Promise<Outcome> {
  const from = performance.now();
  const child = spawn(program, words, {
    cwd: around.cwd,
    env: { PATH: process.env["PATH"] ?? "", ...around.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const closed = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  // A program that does not read to the end is no fault of the test.
  child.stdin.on("error", () => undefined);
  child.stdin.end(around.input ?? "");
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr, ms: performance.now() - from };
}

/** Why tests that need these programs cannot run here. */
export function lacks(...programs: readonly string[]): string | false {
  const missing = programs.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  return needs(missing.length === 0, `needs ${missing.join(", ")}`);
}
