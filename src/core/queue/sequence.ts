import { readAll } from "../jsonl.ts";
import { QueueError } from "./errors.ts";
import { MAX_SEQUENCE, parseFileName } from "./file-name.ts";
import { namesIn, queueLayout } from "./layout.ts";

/** Numbers the messages of one process, all threads together, in order of arrival. A clock could go back; this cannot. */
export interface SequenceSource {
  /** A number greater than every one before, over restarts too. */
  next(): number;
  /** The highest number of earlier runs. */
  readonly base: number;
}

/** Slots of the shared buffer. */
const LAST = 0;
const BASE = 1;

/** The memory that the threads of a process share: hand the buffer to each, and count with `sharedSequence` there. */
export function sequenceBuffer(highest: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  new BigInt64Array(buffer).fill(BigInt(highest));
  return buffer;
}

export function sharedSequence(buffer: SharedArrayBuffer): SequenceSource {
  const cells = new BigInt64Array(buffer);
  return {
    base: Number(Atomics.load(cells, BASE)),
    next() {
      const seq = Number(Atomics.add(cells, LAST, 1n)) + 1;
      if (seq > MAX_SEQUENCE) {
        throw new QueueError(
          "queue_sequence_spent",
          `Sequence number ${seq} is too large; look for a file with an absurd number.`,
        );
      }
      return seq;
    },
  };
}

/** No bot counts so far, at a thousand messages a second for three hundred years: a higher number was put there by hand. */
const PLAUSIBLE = 10_000_000_000_000;

/** The highest number that any file of the queue bears or any ledger recorded; 0 for a new queue. Absurd ones do not count. */
export async function highestSequence(queueDir: string): Promise<number> {
  const layout = queueLayout(queueDir);
  let highest = 0;
  for (const folder of [layout.incoming, layout.processing, layout.outgoing, layout.deadLetter, layout.tmp]) {
    for (const name of await namesIn(folder)) highest = higher(highest, parseFileName(name)?.seq);
  }
  for (const ledger of [layout.ledger, layout.sent]) {
    for await (const { seq } of readAll(ledger)) {
      highest = higher(highest, seq);
    }
  }
  return highest;
}

function higher(highest: number, seq: unknown): number {
  return typeof seq === "number" && seq <= PLAUSIBLE ? Math.max(highest, seq) : highest;
}
