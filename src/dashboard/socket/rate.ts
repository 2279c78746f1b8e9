/** Frames that a client may send at once, and a second for long. */
const BURST = 100;
const PER_SECOND = 20;
/** Refused frames, less what time forgives, after which the client is not merely hasty. */
const PATIENCE = 100;
/** Acks that may be kept up one's sleeve. */
const MOST_ACKS = 4096;

/**
 * How fast a client may talk. An ack is free for each frame of rows it was sent, so that acking every one is fine at
 * any speed; refused frames count too.
 */
export class Rate {
  #tokens = BURST;
  #acks = 0;
  #at: number;

  /** `now`: monotonic ms. */
  constructor(now: number) {
    this.#at = now;
  }

  /** The client was sent something to ack. */
  allowAck(): void {
    if (this.#acks < MOST_ACKS) this.#acks += 1;
  }

  /** `over`: to be refused; `flood`: to be closed. */
  take(now: number, isAck: boolean): "fine" | "over" | "flood" {
    if (isAck && this.#acks > 0) {
      this.#acks -= 1;
      return "fine";
    }
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#at) / 1000) * PER_SECOND) - 1;
    this.#at = now;
    if (this.#tokens >= 0) return "fine";
    return this.#tokens >= -PATIENCE ? "over" : "flood";
  }
}
