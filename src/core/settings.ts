import { readFile, stat } from "node:fs/promises";
import { z } from "./zod.ts";
import { errorCode, describeError } from "./errors.ts";
import type { Logger } from "./log.ts";

/** One key of `settings.json`. */
export interface Setting {
  readonly schema: z.ZodType<string | number>;
  /** What a value must be, for whoever gave another. */
  readonly rule: string;
  /** Whether it stands in the file as a number. */
  readonly isNumber: boolean;
  /** Whether a thread may have a value of its own. */
  readonly perThread: boolean;
}

const timezone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    return false;
  }
}, "must be an IANA time zone such as Europe/Vienna");
const maxConcurrentSessions = z.number().int().min(1).max(64);
const turnDeadlineMinutes = z
  .number()
  .positive()
  .max(24 * 60);
/** MiB. */
const agentMemoryMb = z.number().int().min(1);
const pingUrl = z.string().max(2_000).refine(isWebAddress, "must be an http or https address");

/** Every key that the program reads. */
export const SETTINGS = {
  timezone: {
    schema: timezone,
    rule: "an IANA time zone such as Europe/Vienna",
    isNumber: false,
    perThread: true,
  },
  maxConcurrentSessions: {
    schema: maxConcurrentSessions,
    rule: "a whole number from 1 to 64",
    isNumber: true,
    perThread: false,
  },
  turnDeadlineMinutes: {
    schema: turnDeadlineMinutes,
    rule: "a number of minutes above 0 and up to 1440",
    isNumber: true,
    perThread: true,
  },
  agentMemoryMb: {
    schema: agentMemoryMb,
    rule: "a whole number of MiB, 1 or more",
    isNumber: true,
    perThread: false,
  },
  pingUrl: { schema: pingUrl, rule: "an http or https address", isNumber: false, perThread: false },
} as const satisfies Readonly<Record<string, Setting>>;

/** In force where nothing is set; `timezone`'s is the environment's. */
export const DEFAULT_SETTINGS = { maxConcurrentSessions: 4, turnDeadlineMinutes: 60 } as const;

/** Keys that this program does not know are kept and are no fault: the file is the operator's. */
export const settingsSchema = z.looseObject({
  timezone: timezone.optional(),
  maxConcurrentSessions: maxConcurrentSessions.optional(),
  turnDeadlineMinutes: turnDeadlineMinutes.optional(),
  agentMemoryMb: agentMemoryMb.optional(),
  pingUrl: pingUrl.optional(),
  threads: z
    .record(
      z.string(),
      z.looseObject({ timezone: timezone.optional(), turnDeadlineMinutes: turnDeadlineMinutes.optional() }),
    )
    .optional(),
});
type StoredSettings = z.infer<typeof settingsSchema>;

/**
 * `settings.json`, read again at each call (a file of a few lines; a watch could miss a change). What does not parse
 * leaves the last good values in force and is said once for each bad text.
 */
export class SettingsFile {
  readonly #path: string;
  readonly #log: Logger;
  #text: string | undefined;
  #good: StoredSettings = {};

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** What the operator has set, without any default. */
  async read(): Promise<StoredSettings> {
    let text: string;
    try {
      // A pipe in its place would be read for ever.
      const isFile = (await stat(this.#path)).isFile();
      text = isFile ? await readFile(this.#path, "utf8") : "this is no file";
    } catch (error) {
      if (errorCode(error) === "ENOENT") {
        this.#good = {};
        this.#text = undefined;
        return this.#good;
      }
      text = describeError(error);
    }
    if (text !== this.#text) this.#take(text);
    return this.#good;
  }

  #take(text: string): void {
    this.#text = text;
    try {
      this.#good = settingsSchema.parse(JSON.parse(text));
      this.#log.info({ path: this.#path }, "settings read");
    } catch (error) {
      const fields = { path: this.#path, issues: issuesOf(error) };
      this.#log.error(fields, "settings.json does not parse: the last good values stay in force");
    }
  }
}

/** What is wrong with a text of settings, without a value of it: an address in it may be a secret. */
export function issuesOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  if (!(error instanceof SyntaxError)) return describeError(error);
  const place = /at position \d+/.exec(error.message)?.[0];
  return `SyntaxError: not valid JSON${place === undefined ? "" : ` ${place}`}`;
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
