import type { Clock } from "../../core/clock.ts";
import type { Connection } from "../connection.ts";
import { FRAME } from "../live-rows.ts";

/** Bytes that wait for a client at which its rows are held back, and at which they go on. */
const HIGH_BYTES = 256 * 1024;
const LOW_BYTES = 64 * 1024;
/** The drain notice is a hint: who waits looks for himself as well, ms. */
const LOOK_MS = 100;

/**
 * Whose turn it is to send on a connection. A turn is one batch: it is given before the batch is read, so that nothing
 * waits in memory but what has been sent, and those who wait for one get it in order.
 *
 *   open ──256 KiB wait for the client──▶ shut ──less than 64 KiB do──▶ open
 */
export class Gate {
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** In order of arrival. */
  readonly #waiting = new Map<object, () => void>();
  #turns = 0;
  #isShut = false;
  #isClosed = false;
  #cancelLook: (() => void) | undefined;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Whether something more may be sent now, without a turn. */
  hasRoom(): boolean {
    if (this.#isClosed) return false;
    const buffered = this.#connection.buffered();
    this.#isShut = buffered >= (this.#isShut ? LOW_BYTES : HIGH_BYTES);
    return !this.#isShut && buffered + this.#turns * FRAME.bytes < HIGH_BYTES;
  }

  /**
   * A turn, to be ended by `leave`; false: there is none at once. When it is closed everybody gets one, so that nobody
   * waits: who does looks whether it is over.
   */
  tryEnter(): boolean {
    if (!this.#isClosed && (this.#waiting.size > 0 || !this.hasRoom())) return false;
    this.#turns += 1;
    return true;
  }

  /** Resolves with a turn, to be ended by `leave`. */
  enter(who: object): Promise<void> {
    if (this.tryEnter()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(who, resolve);
      this.#lookLater();
    });
  }

  /** Ends a turn. */
  leave(): void {
    this.#turns -= 1;
    this.admit();
  }

  /** Gives up waiting: the promise stays as it is. */
  forget(who: object): void {
    this.#waiting.delete(who);
  }

  /** Lets in whom there is room for. */
  admit(): void {
    for (const [who, resolve] of this.#waiting) {
      if (!this.hasRoom()) break;
      this.#waiting.delete(who);
      this.#turns += 1;
      resolve();
    }
    this.#lookLater();
  }

  /** The connection is not asked any more, and nobody let in. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#cancelLook?.();
  }

  #lookLater(): void {
    if (this.#cancelLook !== undefined || this.#waiting.size === 0 || this.#isClosed) return;
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      this.#cancelLook = undefined;
      this.admit();
    });
  }
}
