/** `restore [FILE] [--data DIR] [--home DIR] [--check]`: puts a backup in the place of what is there. */
import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { EXIT, describeError, errorCode } from "../../core/errors.ts";
import { loadEnvironment } from "../../core/secrets.ts";
import { SupervisorError } from "../../supervisor/errors.ts";
import { holdDirectory } from "../../supervisor/instance-lock.ts";
import type { InstanceLock } from "../../supervisor/instance-lock.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";
import { readArchive } from "./archive-reader.ts";
import type { Archive, Sink } from "./archive-reader.ts";
import type { ClaudeFolder } from "./copy-sessions.ts";
import { settleQueue } from "./settle-queue.ts";
import { Staging } from "./staging.ts";
import { swap } from "./swap.ts";
import { parseWords } from "./words.ts";

export interface RestoreTarget {
  readonly dataDir: string;
  readonly claude: ClaudeFolder;
}

export async function run(words: readonly string[]): Promise<number> {
  const { file, check, ...target } = parseWords("restore", words, loadEnvironment());
  if (file === undefined && process.stdin.isTTY) {
    throw new CliError("usage", "There is no archive: give a FILE, or send one to standard input.");
  }
  const input = file === undefined ? process.stdin : await openArchive(file);
  const { archive, asides } = check ? await verify(input) : await restore(input, target);
  const made = new Date(archive.createdAt).toISOString();
  const what = `${archive.files} files of ${made}, version ${onOneLine(archive.version)}`;
  const kept = asides.map((path) => `restore: what was there is kept in ${path}\n`);
  process.stderr.write(`restore: ${what}: ${check ? "the archive is whole" : "in place"}\n${kept.join("")}`);
  return EXIT.ok;
}

async function openArchive(file: string): Promise<Readable> {
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw new CliError("restore_refused", `${file} cannot be read: ${describeError(error)}. Nothing has changed.`, {
      cause: error,
    });
  }
}

interface Restored {
  readonly archive: Archive;
  /** Where the old things are. */
  readonly asides: readonly string[];
}

async function verify(input: Readable): Promise<Restored> {
  const nowhere: Sink = {
    directory: () => Promise.resolve(),
    async file(_part, _below, _facts, content) {
      for await (const _chunk of content) continue;
    },
  };
  return { archive: await readArchive(input, nowhere), asides: [] };
}

/**
 * Verifies all of it first, and holds the directory as a bot does, so that none starts meanwhile in the same network; of a
 * stack of containers the caller sees to that. Throws
 * `restore_refused`, then nothing has changed, or `restore_failed`.
 */
export async function restore(input: Readable, { dataDir, claude }: RestoreTarget): Promise<Restored> {
  const lock = await hold(dataDir);
  const staging = new Staging({ data: dataDir, claude: claude.isOwn ? dirname(claude.path) : claude.path });
  try {
    const archive = await readArchive(input, staging);
    const newData = staging.rootOf("data");
    if (newData !== undefined) await settleQueue(join(newData, "queue"));
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    return { archive, asides: await swap({ dataDir, claude, newData, newClaude: staging.rootOf("claude"), time }) };
  } finally {
    await staging.close();
    await lock?.release();
  }
}

/** Undefined for a directory that is not there yet. */
async function hold(dataDir: string): Promise<InstanceLock | undefined> {
  try {
    return await holdDirectory(dataDir, { pid: process.pid, instance: randomUUID() }, Date.now());
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    if (!(error instanceof SupervisorError)) throw error;
    throw new CliError("restore_refused", `${error.message} Nothing has changed.`, { cause: error });
  }
}
