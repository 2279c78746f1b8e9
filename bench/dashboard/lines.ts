/** The lines that are written, each with its number, and how their readers find the numbers again. */

const MARK = Buffer.from('"messageId":"m');
const DIGITS = 10;
const ZERO = 48;
/** Also of the message history this is the usual length. */
const LINE_BYTES = 376;
const FILLER = "The build of `main` is Green again, and what was asked for Yesterday lies in the branch. ";
/** Occurs in one line of a block that is told to have it. */
export const NEEDLE = "the Needle lies HERE";

/** Lines of the message history, one after another, numbered anew for each block that is written. */
export class Lines {
  readonly perBlock: number;
  readonly #block: Buffer;
  readonly #numberAt: number;

  /** `timestamp`: epoch ms of all of them. */
  constructor(perBlock: number, timestamp = Date.now()) {
    this.perBlock = perBlock;
    const line = lineOf(timestamp);
    this.#block = Buffer.from(line.repeat(perBlock));
    this.#numberAt = line.indexOf(MARK.toString()) + MARK.length;
  }

  /** As many lines from the number on; the next call writes over them. */
  block(first: number, count = this.perBlock): Buffer {
    for (let n = 0; n < count; n += 1) {
      const start = n * LINE_BYTES + this.#numberAt;
      for (let at = start + DIGITS - 1, left = first + n; at >= start; at -= 1) {
        this.#block[at] = ZERO + (left % 10);
        left = Math.floor(left / 10);
      }
    }
    return this.#block.subarray(0, count * LINE_BYTES);
  }

  /** A block with the needle in its last line. */
  blockWithNeedle(first: number): Buffer {
    const block = Buffer.from(this.block(first));
    block.write(NEEDLE, block.length - NEEDLE.length - 4);
    return block;
  }
}

function lineOf(timestamp: number): string {
  const record = (message: string): string =>
    `${JSON.stringify({
      timestamp,
      threadId: 5,
      messageId: `m${"0".repeat(DIGITS)}`,
      direction: "in",
      channel: "telegram",
      source: "user",
      sender: "bench",
      message,
    })}\n`;
  return record(FILLER.repeat(5).slice(0, LINE_BYTES - record("").length));
}

/**
 * Finds the numbers in what a server sends, without a look at frames, events or JSON, so that ten of these keep up on
 * one core: a server writes a row in one piece, and only TCP cuts where it likes.
 */
export class NumberScan {
  readonly #onNumber: (number: number) => void;
  #rest = Buffer.alloc(0);

  constructor(onNumber: (number: number) => void) {
    this.#onNumber = onNumber;
  }

  take(part: Buffer): void {
    const bytes = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part]);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(MARK, from);
      if (at === -1) {
        from = Math.max(from, bytes.length - MARK.length + 1);
        break;
      }
      if (at + MARK.length + DIGITS > bytes.length) {
        from = at;
        break;
      }
      this.#onNumber(numberAt(bytes, at + MARK.length));
      from = at + MARK.length + DIGITS;
    }
    this.#rest = Buffer.from(bytes.subarray(from));
  }
}

function numberAt(bytes: Buffer, at: number): number {
  let number = 0;
  for (let n = at; n < at + DIGITS; n += 1) number = number * 10 + ((bytes[n] ?? ZERO) - ZERO);
  return number;
}

/** Whether each line came once and in order. */
export class Tally {
  received = 0;
  lost = 0;
  twice = 0;
  #next: number;

  constructor(first = 0) {
    this.#next = first;
  }

  /** The number after the newest. */
  get next(): number {
    return this.#next;
  }

  see(number: number): void {
    this.received += 1;
    if (number < this.#next) {
      this.twice += 1;
      return;
    }
    this.lost += number - this.#next;
    this.#next = number + 1;
  }
}
