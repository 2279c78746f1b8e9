import type { Clock } from "../../core/clock.ts";
import { ApiError, TelegramSandboxError } from "./errors.ts";
import type { Update, UpdateFields } from "./types.ts";

export interface PollRequest {
  /** Positive: updates before it are confirmed. Negative: only that many from the end are kept. 0: nothing. */
  readonly offset: number;
  readonly limit: number;
  readonly timeoutSeconds: number;
  /** Kinds to collect from now on; empty for the default. Absent: as before. */
  readonly allowed?: readonly string[] | undefined;
}

interface WaitingPoll {
  wake(): void;
  refuse(error: Error): void;
}

/** Collected only for a bot that asks for them. */
const ON_REQUEST = new Set(["chat_member", "message_reaction", "message_reaction_count"]);
const FIRST_ID = 100_000_001;

/**
 * The bot's updates and its one place to wait for them (https://core.telegram.org/bots/api#getupdates).
 *
 * An update is pending from `add` until a poll confirms it by its offset, however often it is handed out before.
 * The place is `free` or `taken`: a poll that finds nothing pending takes it; it is freed by an update, by the poll's
 * timeout, by the client leaving, or by another poll, which displaces the one waiting with 409.
 */
export class Updates {
  readonly #clock: Clock;
  readonly #onWaiting: () => void;
  /** All there ever were, for redelivery. */
  readonly #archive = new Map<number, Update>();
  #pending: Update[] = [];
  /** To be handed out once more, whatever the offset. */
  #again: Update[] = [];
  #allowed: readonly string[] = [];
  #waiting: WaitingPoll | undefined;
  #webhook = "";

  /** `onWaiting` is called whenever a poll takes the place. */
  constructor(clock: Clock, onWaiting: () => void) {
    this.#clock = clock;
    this.#onWaiting = onWaiting;
  }

  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  get webhook(): string {
    return this.#webhook;
  }

  /** Gives the update its id, and hands it to the poll that waits. A kind the bot does not collect is not kept. */
  add(fields: UpdateFields): number {
    const update: Update = { ...fields, update_id: FIRST_ID + this.#archive.size };
    this.#archive.set(update.update_id, update);
    if (this.#collects(fields)) {
      this.#pending.push(update);
      this.#waiting?.wake();
    }
    return update.update_id;
  }

  /** Hands an update out once more, confirmed or not, as after a confirmation that was lost. */
  redeliver(updateId: number): void {
    const update = this.#archive.get(updateId);
    if (update === undefined) {
      throw new TelegramSandboxError(
        "telegram_unknown_update",
        `redeliver ${updateId}: no such update; give an updateId that sendText or the like returned`,
        { details: { updateId } },
      );
    }
    this.#again.push(update);
    this.#waiting?.wake();
  }

  /** What is pending, as soon as there is any; empty after the timeout. Rejects with the 409 or the signal's reason. */
  poll(request: PollRequest, signal: AbortSignal): Promise<readonly Update[]> {
    if (this.#webhook !== "") {
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    this.#waiting?.refuse(
      conflict("terminated by other getUpdates request; make sure that only one bot instance is running"),
    );
    if (request.allowed !== undefined) this.#allowed = request.allowed;
    this.#confirm(request.offset);
    const ready = this.#take(request.limit);
    if (ready.length > 0 || request.timeoutSeconds === 0) return Promise.resolve(ready);
    return this.#wait(request, signal);
  }

  setWebhook(url: string, dropPending: boolean): void {
    if (url !== "") this.#waiting?.refuse(conflict("terminated by setWebhook request"));
    this.#webhook = url;
    if (dropPending) this.#pending = [];
  }

  #collects(fields: UpdateFields): boolean {
    const kinds = Object.keys(fields);
    return kinds.some((kind) => (this.#allowed.length === 0 ? !ON_REQUEST.has(kind) : this.#allowed.includes(kind)));
  }

  #confirm(offset: number): void {
    if (offset > 0) this.#pending = this.#pending.filter((update) => update.update_id >= offset);
    if (offset < 0) this.#pending = this.#pending.slice(offset);
  }

  /** Redelivered ones come first, so that a bot that counts from the last id it saw does not go backwards. */
  #take(limit: number): readonly Update[] {
    const again = this.#again.filter((update) => !this.#pending.includes(update));
    this.#again = this.#again.filter((update) => !again.includes(update));
    return [...again, ...this.#pending].slice(0, limit);
  }

  #wait({ limit, timeoutSeconds }: PollRequest, signal: AbortSignal): Promise<readonly Update[]> {
    return new Promise((resolve, reject) => {
      const free = (end: () => void): void => {
        if (this.#waiting !== waiting) return;
        this.#waiting = undefined;
        cancel();
        signal.removeEventListener("abort", onAbort);
        end();
      };
      const hand = (): void => {
        free(() => {
          resolve(this.#take(limit));
        });
      };
      const refuse = (error: Error): void => {
        free(() => {
          reject(error);
        });
      };
      const onAbort = (): void => {
        refuse(signal.reason as Error);
      };
      const waiting: WaitingPoll = { wake: hand, refuse };
      const cancel = this.#clock.after(timeoutSeconds * 1000, hand);
      this.#waiting = waiting;
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      if (this.#waiting === waiting) this.#onWaiting();
    });
  }
}

function conflict(reason: string): ApiError {
  return new ApiError(409, `Conflict: ${reason}`);
}
