/** Where every line goes: through the redactor, to standard output. */
import { pino } from "pino";
import type { Logger } from "../core/log.ts";
import type { Redactor } from "./redact.ts";

export interface Lines {
  readonly logger: Logger;
  /** Decisions are written whatever LOG_LEVEL says. */
  readonly audit: Logger;
  /** Writes what is still held back; for the end. */
  flush(): void;
}

/** Where lines are written; a file descriptor's by default. */
export interface LineSink {
  write(line: string): unknown;
  flushSync?(): void;
}

/** Held back while standard output does not take them; what comes on top is lost, and the broker goes on. */
const MAX_BUFFER = 8 * 1024 * 1024;

/** Standard output, written without waiting for it: a reader that has stopped must not stop the broker. */
export function standardOutput(): LineSink {
  const out = pino.destination({ fd: 1, sync: false, minLength: 0, maxLength: MAX_BUFFER });
  out.on("error", () => {
    // Nobody reads any more; the answers still count.
  });
  return {
    write: (line) => out.write(line),
    flushSync() {
      try {
        out.flushSync();
      } catch {
        // As above: at the end there is nobody left to tell.
      }
    },
  };
}

export function openLines(level: string, redactor: Redactor, sink: LineSink): Lines {
  const hooks = { streamWrite: (line: string) => redactor.redact(line) };
  const base = { source: "broker" };
  return {
    logger: pino({ base, level, hooks }, sink),
    audit: pino({ base: { ...base, audit: true }, level: "info", hooks }, sink),
    flush: () => sink.flushSync?.(),
  };
}
