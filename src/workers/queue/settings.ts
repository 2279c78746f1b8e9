import type { Logger } from "../../core/log.ts";
import { DEFAULT_SETTINGS, SettingsFile } from "../../core/settings.ts";

/** The operator's choices, with every default filled in. */
export interface Settings {
  readonly timezone: string;
  readonly maxConcurrentSessions: number;
  readonly turnDeadlineMinutes: number;
}

/** What of `settings.json` counts for turns. */
export class SettingsStore {
  readonly #file: SettingsFile;
  readonly #timeZone: string;

  constructor(path: string, timeZone: string, log: Logger) {
    this.#file = new SettingsFile(path, log);
    this.#timeZone = timeZone;
  }

  /** The values in force now; with a thread, its overrides on top. */
  async read(threadId?: number): Promise<Settings> {
    const good = await this.#file.read();
    const own = threadId === undefined ? undefined : good.threads?.[String(threadId)];
    return {
      timezone: own?.timezone ?? good.timezone ?? this.#timeZone,
      maxConcurrentSessions: good.maxConcurrentSessions ?? DEFAULT_SETTINGS.maxConcurrentSessions,
      turnDeadlineMinutes: own?.turnDeadlineMinutes ?? good.turnDeadlineMinutes ?? DEFAULT_SETTINGS.turnDeadlineMinutes,
    };
  }
}
