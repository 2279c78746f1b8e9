import { constants, openSync } from "node:fs";
import { mkdir, rename, rm, symlink } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { pino } from "pino";
import roll from "pino-roll";
import type { LogLevel } from "./config.ts";
import type { Secret } from "./secrets.ts";
import { createScrubber } from "./secrets.ts";

/** What the parts of the program need of a log; pino satisfies it. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LogOptions {
  /** Folder of the logs: `<dir>/<source>.log` is a link to the file being written in `<dir>/<source>/`. */
  readonly dir: string;
  readonly source: string;
  readonly level: LogLevel;
  /** Cut out of every line. */
  readonly secrets: readonly Secret[];
  /** Whether every line goes to standard output too. */
  readonly stdout: boolean;
}

export interface OpenLog {
  readonly logger: Logger;
  /** Lines that could not be written, for want of space as a rule; the log goes on when it can. */
  lost(): number;
  close(): void;
}

const LINES = { size: "32m", keep: 14, bufferBytes: 8 * 1024 * 1024 } as const;

/**
 * Opens the log of one source, written in this thread and synchronously: a transport thread would lose its buffer with
 * the worker, and dies for good at the first full disk. pino-roll numbers by what lies in the folder, hence a folder a
 * source; its own link is always `current.log` and fails in a new folder, hence ours.
 */
export async function openLog(options: LogOptions): Promise<OpenLog> {
  const folder = join(options.dir, options.source);
  await mkdir(folder, { recursive: true });
  const file = await roll({
    file: join(folder, options.source),
    size: LINES.size,
    frequency: "daily",
    sync: true,
    maxLength: LINES.bufferBytes,
    limit: { count: LINES.keep, removeOtherLogFiles: true },
  });
  let lost = 0;
  const onError = (): void => {
    lost += 1;
  };
  file.on("error", onError);
  file.on("drop", onError);
  // One after the other: the file may get ready while its link is made for the first time.
  let linked = Promise.resolve();
  let target = "";
  const relink = (): void => {
    if (file.file === target) return;
    target = file.file;
    linked = linked.then(() => pointAt(options.dir, options.source, file.file)).catch(onError);
  };
  file.on("ready", relink);
  relink();
  await linked;

  const streams: { stream: { write(line: string): unknown }; level: LogLevel }[] = [{ stream: file, level: "trace" }];
  if (options.stdout) {
    const out = pino.destination({
      fd: stdoutOfOurOwn(),
      sync: true,
      retryEAGAIN: () => false,
      maxLength: LINES.bufferBytes,
    });
    out.on("error", onError);
    streams.push({ stream: out, level: "trace" });
  }
  const scrub = createScrubber(options.secrets);
  const logger = pino(
    { base: { source: options.source }, level: options.level, hooks: { streamWrite: scrub } },
    pino.multistream(streams as Parameters<typeof pino.multistream>[0]),
  );
  return {
    logger,
    lost: () => lost,
    close() {
      file.end();
    },
  };
}

/**
 * Standard output as a description of our own, so that it can be made not to block: a reader that stalls would
 * otherwise stop the whole program at its next line. A socket cannot be opened so, and stays as it is.
 */
function stdoutOfOurOwn(): number {
  try {
    return openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND);
  } catch {
    return 1;
  }
}

/** Moves `<dir>/<source>.log` to the file in one step, so that a reader never finds it missing. */
async function pointAt(dir: string, source: string, file: string): Promise<void> {
  const link = join(dir, `${source}.log`);
  const fresh = join(dir, `.${source}.${basename(file)}.link`);
  await rm(fresh, { force: true });
  await symlink(relative(dir, file), fresh);
  await rename(fresh, link);
}
