import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { describeError, errorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

const timeZone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    return false;
  }
}, "must be an IANA time zone such as Europe/Vienna");

const keys = {
  timezone: timeZone,
  maxConcurrentSessions: z.number().int().min(1).max(64),
  turnDeadlineMinutes: z
    .number()
    .positive()
    .max(24 * 60),
};
const settingsSchema = z.looseObject({
  timezone: keys.timezone.optional(),
  maxConcurrentSessions: keys.maxConcurrentSessions.optional(),
  turnDeadlineMinutes: keys.turnDeadlineMinutes.optional(),
  threads: z
    .record(
      z.string(),
      z.looseObject({
        timezone: keys.timezone.optional(),
        turnDeadlineMinutes: keys.turnDeadlineMinutes.optional(),
      }),
    )
    .optional(),
});
type StoredSettings = z.infer<typeof settingsSchema>;

/** The operator's choices, with every default filled in. */
export interface Settings {
  readonly timezone: string;
  readonly maxConcurrentSessions: number;
  readonly turnDeadlineMinutes: number;
}

/**
 * `settings.json`, read again before each turn (a file of a few lines; a watch could miss a change). What does not parse
 * leaves the last good values in force and is said once for each bad text.
 */
export class SettingsStore {
  readonly #path: string;
  readonly #timeZone: string;
  readonly #log: Logger;
  #text: string | undefined;
  #good: StoredSettings = {};

  constructor(path: string, timeZone: string, log: Logger) {
    this.#path = path;
    this.#timeZone = timeZone;
    this.#log = log;
  }

  /** The values in force now; with a thread, its overrides on top. */
  async read(threadId?: number): Promise<Settings> {
    await this.#refresh();
    const own = threadId === undefined ? undefined : this.#good.threads?.[String(threadId)];
    return {
      timezone: own?.timezone ?? this.#good.timezone ?? this.#timeZone,
      maxConcurrentSessions: this.#good.maxConcurrentSessions ?? 4,
      turnDeadlineMinutes: own?.turnDeadlineMinutes ?? this.#good.turnDeadlineMinutes ?? 60,
    };
  }

  async #refresh(): Promise<void> {
    let text: string;
    try {
      // A pipe in its place would be read for ever.
      const isFile = (await stat(this.#path)).isFile();
      text = isFile ? await readFile(this.#path, "utf8") : "this is no file";
    } catch (error) {
      if (errorCode(error) === "ENOENT") {
        this.#good = {};
        this.#text = undefined;
        return;
      }
      text = describeError(error);
    }
    if (text === this.#text) return;
    this.#text = text;
    try {
      this.#good = settingsSchema.parse(JSON.parse(text));
      this.#log.info({ path: this.#path }, "settings read");
    } catch (error) {
      const issues = error instanceof z.ZodError ? z.prettifyError(error) : describeError(error);
      this.#log.error({ path: this.#path, issues }, "settings.json does not parse: the last good values stay in force");
    }
  }
}
