import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { ballastPath, fillBallast, readBallast, spendBallast } from "../core/ballast.ts";
import type { Clock } from "../core/clock.ts";
import { nextLevel, type DiskLevel, type DiskSpace } from "../core/disk.ts";
import { DiskWatch, type Look } from "../core/disk-watch.ts";
import { describeError } from "../core/errors.ts";
import { GENERAL_THREAD } from "../core/ids.ts";
import type { Logger } from "../core/log.ts";
import type { OutgoingMessage } from "../core/queue/message.ts";
import type { Producer } from "../core/queue/queue.ts";
import { pruneLogs } from "./prune-logs.ts";

export interface DiskKeeperDeps {
  /** The data directory. */
  readonly dir: string;
  readonly outgoing: Producer<OutgoingMessage>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: () => void;
}

/**
 * What the bot as a whole does when the disk fills up; that nothing is taken in and nothing begun, each worker sees to
 * itself.
 *
 *   not ok        at each look rolled logs are deleted, down to two files a source
 *   soft ─► hard  the ballast is spent, then the general topic is told
 *   hard ─► soft  the general topic is told, then the ballast is taken back
 *
 * Both tellings bear a key made from the moment at which the ballast was spent, its file's time: after a kill they are
 * published again, and the chat sees each once. Before the end of it is told the time is made odd: should the disk be full
 * again before the ballast is back, that is a new moment and told anew, whatever came between.
 */
export class DiskKeeper {
  readonly #deps: DiskKeeperDeps;
  readonly #watch: DiskWatch;
  /** Keys of what was published. */
  readonly #told = new Set<string>();

  constructor(deps: DiskKeeperDeps) {
    this.#deps = deps;
    const { dir, clock, log, onChange } = deps;
    this.#watch = new DiskWatch({ dir, clock, log, onChange, onLook: (look) => this.#act(look) });
  }

  get level(): DiskLevel {
    return this.#watch.level;
  }

  start(): void {
    void this.#watch.start();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  suspect(error: unknown): void {
    this.#watch.suspect(error);
  }

  async #act({ level, space, ballast }: Look): Promise<void> {
    if (level !== "ok") await this.#prune();
    // Nothing can be written at all.
    if (space === undefined || ballast === undefined) return;
    if (level === "hard") await this.#sayShort(space);
    else if (ballast.state === "spent") await this.#sayRoomy(ballast.since, space);
    else if (ballast.state === "none") await this.#fill(space);
  }

  async #sayShort(space: DiskSpace): Promise<void> {
    const { dir } = this.#deps;
    if ((await readBallast(dir)).state !== "spent") await spendBallast(dir);
    const ballast = await readBallast(dir);
    if (ballast.state !== "spent") return;
    const since = isEnding(ballast.since) ? await this.#date(evenOf(this.#deps.clock.now())) : ballast.since;
    await this.#tell(`disk-full-${since}`, shortText(space));
  }

  async #sayRoomy(since: number, space: DiskSpace): Promise<void> {
    if (!isEnding(since)) await this.#date(since + 1);
    await this.#tell(`disk-free-${evenOf(since)}`, "✅ There is room on the disk again: I go on.");
    await this.#fill(space);
    this.#told.clear();
  }

  async #date(since: number): Promise<number> {
    // Half a millisecond more: what has no exact binary fraction is rounded down.
    const seconds = (since + 0.5) / 1000;
    await utimes(ballastPath(this.#deps.dir), seconds, seconds);
    return since;
  }

  /** Not so that the disk would be short by it. */
  async #fill(space: DiskSpace): Promise<void> {
    if (nextLevel("hard", space) !== "hard") await fillBallast(this.#deps.dir, space.totalBytes);
  }

  async #tell(key: string, message: string): Promise<void> {
    if (this.#told.has(key)) return;
    await this.#deps.outgoing.publish(
      {
        channel: "telegram",
        threadId: GENERAL_THREAD,
        messageId: key,
        sender: "tinyclaw",
        message,
        timestamp: this.#deps.clock.now(),
        kind: "notice",
      },
      key,
    );
    this.#told.add(key);
  }

  async #prune(): Promise<void> {
    const { dir, log } = this.#deps;
    try {
      const removed = await pruneLogs(join(dir, "logs"));
      if (removed.length > 0) log.warn({ removed }, "rolled logs were deleted to make room");
    } catch (error) {
      log.error({}, `rolled logs could not be deleted: ${describeError(error)}`);
    }
  }
}

/** Of the moment at which the ballast was spent: whether the end of that is being told. */
function isEnding(since: number): boolean {
  return since % 2 === 1;
}

function evenOf(since: number): number {
  return since - (since % 2);
}

function shortText({ freeBytes, freeInodes, totalInodes }: DiskSpace): string {
  const files = totalInodes > 0 ? ` and room for ${freeInodes} files` : "";
  return (
    `⚠️ The disk is nearly full: ${Math.floor(freeBytes / 1024 / 1024)} MiB${files} are left. I take in nothing new and ` +
    "begin nothing new until there is room. What you write now is kept by Telegram for 24 hours and answered then."
  );
}
