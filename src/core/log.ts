import { constants, openSync } from "node:fs";
import { pino } from "pino";
import type { LogLevel } from "./config.ts";
import { LogFile } from "./log-file.ts";
import { HIDDEN, createScrubber, type Secret } from "./secrets.ts";

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
  /** How large the files get and how many stay: see `RollingFileOptions`. */
  readonly files?: { readonly size?: string; readonly keep?: number; readonly bufferBytes?: number };
}

export interface OpenLog {
  readonly logger: Logger;
  /** Lines that are not in the file, for want of space as a rule; the log goes on when it can, and says how many. */
  lost(): number;
  close(): void;
}

const FILES = { size: "32m", keep: 14, bufferBytes: 8 * 1024 * 1024 } as const;

/** Fields that may hold a secret which nobody has told us of, such as a header of somebody's error. */
const FIELDS = ["authorization", "Authorization", "cookie", "env", "headers", "password", "secret", "token"];
const PLACES = ["", "err.", "err.*.", "error.", "details.", "request.", "options.", "config."];
const HIDDEN_FIELDS = PLACES.flatMap((place) => FIELDS.map((field) => `${place}${field}`));

/** As much as a pipe takes whole: the threads write to the same one. */
const PIPE_BYTES = 4096;

/**
 * Opens the log of one source, written in this thread and synchronously: a transport thread would lose its buffer with
 * the worker, and dies for good at the first full disk. Every line says whose it is (`source`) and which worker it is
 * about (`worker`), the same unless the line names another.
 */
export async function openLog(options: LogOptions): Promise<OpenLog> {
  const { dir, source, level } = options;
  const file = await LogFile.open({
    ...FILES,
    ...options.files,
    dir,
    source,
    onRoom: (lost) => {
      logger.warn({ lost }, "lines of this log could not be written and are lost; there is room again");
    },
  });
  const streams: { stream: { write(line: string): unknown }; level: LogLevel }[] = [{ stream: file, level: "trace" }];
  if (options.stdout) streams.push({ stream: openOutput(), level: "trace" });
  const scrub = createScrubber(options.secrets);
  const logger = pino(
    {
      base: { source },
      level,
      formatters: { log: (fields) => ({ worker: source, ...fields }) },
      redact: { paths: HIDDEN_FIELDS, censor: HIDDEN },
      hooks: { streamWrite: scrub },
    },
    pino.multistream(streams as Parameters<typeof pino.multistream>[0]),
  );
  if (file.fault !== undefined) {
    logger.error({ dir, code: file.fault }, "the log's file cannot be opened: lines are lost until it can be");
  }
  return {
    logger,
    lost: () => file.lost,
    close() {
      file.close();
    },
  };
}

/** Standard output; what a reader that stalls does not take is held back, and lost in the end: it is in the file. */
function openOutput(): { write(line: string): unknown } {
  const out = pino.destination({
    fd: stdoutOfOurOwn(),
    sync: true,
    retryEAGAIN: () => false,
    maxLength: FILES.bufferBytes,
    maxWrite: PIPE_BYTES,
  });
  let failed = false;
  out.on("error", () => {
    failed = true;
  });
  return {
    write(line: string) {
      // A full buffer takes nothing, and only what it takes makes it try again.
      if (failed) {
        failed = false;
        out.write("");
      }
      out.write(line);
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
