import { syncDirectory } from "../atomic-file.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { adoptDropped } from "./adoption.ts";
import { FileConsumer } from "./file-consumer.ts";
import { FileProducer } from "./file-producer.ts";
import { incomingKind, outgoingKind } from "./kinds.ts";
import { keysIn, prepareLayout, queueLayout } from "./layout.ts";
import { isFresh, readEndings } from "./ledger.ts";
import type { IncomingMessage, OutgoingMessage } from "./message.ts";
import type { CorruptFile } from "./quarantine.ts";
import { highestSequence, sequenceBuffer } from "./sequence.ts";
import type { SequenceSource } from "./sequence.ts";

/**
 * The queue in files. A message is one file, and the folder it lies in is its state:
 *
 *     tmp/ ──link──▶ incoming/ ──rename──▶ processing/ ──unlink──▶ (gone, `done` in ledger.jsonl)
 *                        ▲                      │
 *                        └──────── retry ───────┼──link──▶ dead-letter/
 *     tmp/ ──link──▶ outgoing/ (claimed in memory alone) ──unlink──▶ (gone, `done` in sent.jsonl)
 *     whatever cannot be read ──rename──▶ corrupt/
 *
 * To publish: write `tmp/<name>` in full, sync it, link it to its place, sync that folder and, meanwhile, unlink the
 * name in `tmp/`. To finish: record `done` durably, then unlink; the unlink needs no sync, for a file that comes back
 * after a power failure is known by its key. What a stop leaves at each point (by kill, or by power failure where that
 * differs):
 *
 * | # | the stop comes after | on disk | the next start |
 * |---|---|---|---|
 * | C1 | writing or syncing the tmp file | `tmp/` | deletes it; it was never acknowledged, its sender sends it again |
 * | C2 | the link, before the folder's sync | `incoming/`; by power failure perhaps nothing | runs it, or runs what the sender repeats; if both come, they have one key, and the second is removed |
 * | C3 | the folder's sync, before the sender knows | `incoming/`, and a repeat | the same: one key, one run |
 * | C4 | the rename of a claim | `processing/`; by power failure perhaps `incoming/` | puts it back under its name, so in its order |
 * | C5 | `try` in the ledger | the same, `try` without an ending | puts it back and counts a crash |
 * | C5b | `fail` or `release` in the ledger, before a retry's rename | `processing/`, its `try` ended | puts it back; no crash is counted |
 * | C6 | work was done, the answer is in `tmp/` | `processing/`, `try` without an ending | deletes the answer's rest, runs the message again, counts a crash |
 * | C7 | the answer is in `outgoing/` | the same, and the answer | asks `answered` for every message with an open `try` or in `processing/`: records `done`, does not run it again |
 * | C7b | `done` in the ledger | `processing/` and `done` | unlinks it |
 * | C8 | the unlink | the answer alone | sends it |
 * | C9 | a chunk of the answer is written down as going out | `outgoing/`, `intend` in `deliveries.jsonl` | posts it, marked: it may be in the chat already |
 * | C10 | a chunk is in the chat, and that is written down | `outgoing/`, `sent` in `deliveries.jsonl` | does not post it again |
 * | C11 | `done` of the answer in `sent.jsonl` | `outgoing/` and `done` | unlinks it |
 * | C12 | some chunks of a long answer | `outgoing/`, `sent` for some | goes on at the first that is not there |
 * | C13 | the `.why` of what is no message | it lies where it was found, a `.why` alone in `corrupt/` | moves it to `corrupt/` under the next free name, with a `.why` of its own |
 * | C14a | the topic was told of a burial | `processing/`, the telling in `outgoing/` | puts it back; its claim finds the failures or crashes in the ledger, buries it without a turn, and tells under the same key |
 * | C14b | the `.why` of a burial | `processing/`, a `.why` alone | the same |
 * | C14c | the link of a burial, or `dead` in the ledger | `processing/` and `dead-letter/`, one inode | records `dead`, unlinks the first |
 * | C15 | a dropped file was stored under our name, before it is removed | both in `incoming/` | one key: the second is removed |
 *
 * A file that is cut, changed, empty, of the wrong shape, or no file at all goes to `corrupt/` with a `.why` wherever it
 * is met, and its lane goes on. A burial that fails leaves the message in work and says so: nothing is deleted that is
 * not safe elsewhere.
 */

/** What each worker's queues share. */
interface EndOptions {
  /** The folder `queue/`. */
  readonly root: string;
  readonly sequence: SequenceSource;
}

export interface ProducerOptions extends EndOptions {
  /** Called after each message; ring the consumer's doorbell here. */
  readonly onPublished?: () => void;
}

export interface ConsumerOptions extends EndOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCorrupt?: (file: CorruptFile) => void;
  /** The folder is looked through this often whatever happens, ms. */
  readonly rescanMs?: number;
}

/**
 * Makes the folders and finds the last number given out, once a process, before its threads start. Give the buffer to
 * each, for `sharedSequence`. Rejects with `queue_layout_invalid`.
 */
export async function prepareQueue(root: string): Promise<SharedArrayBuffer> {
  await prepareLayout(queueLayout(root));
  return sequenceBuffer(await highestSequence(root));
}

export function incomingProducer(options: ProducerOptions): FileProducer<IncomingMessage> {
  const layout = queueLayout(options.root);
  return new FileProducer({ ...options, layout, readyDir: layout.incoming, kind: incomingKind });
}

export function outgoingProducer(options: ProducerOptions): FileProducer<OutgoingMessage> {
  const layout = queueLayout(options.root);
  return new FileProducer({ ...options, layout, readyDir: layout.outgoing, kind: outgoingKind });
}

/** Takes in what other programs drop into `incoming/`, and does not run again what was answered before a crash. */
export function incomingConsumer(options: ConsumerOptions): FileConsumer<IncomingMessage> {
  const layout = queueLayout(options.root);
  let answers: Promise<Answers> | undefined;
  return new FileConsumer({
    ...options,
    layout,
    readyDir: layout.incoming,
    claimDir: layout.processing,
    ledgerPath: layout.ledger,
    recordTries: true,
    kind: incomingKind,
    adopt: adoptDropped,
    answered: async (key, seq) =>
      isAnswered((await (answers ??= storedAnswers(options.root))).get(key), seq, options.clock.now()),
  });
}

export function outgoingConsumer(options: ConsumerOptions): FileConsumer<OutgoingMessage> {
  const layout = queueLayout(options.root);
  return new FileConsumer({
    ...options,
    layout,
    readyDir: layout.outgoing,
    ledgerPath: layout.sent,
    recordTries: false,
    kind: outgoingKind,
  });
}

/** `readAnswers`, of answers that stay: what a process linked before it was killed need not be synced. */
async function storedAnswers(root: string): Promise<Answers> {
  await syncDirectory(queueLayout(root).outgoing);
  return readAnswers(root);
}

/** Answers that wait in `outgoing/`, were sent, or could not be and were put aside, by key. */
export type Answers = ReadonlyMap<string, Answer>;

interface Answer {
  readonly seq: number | undefined;
  /** When it ended, epoch ms; infinite for one that waits. */
  readonly timestamp: number;
}

export async function readAnswers(root: string): Promise<Answers> {
  const layout = queueLayout(root);
  // In this order: what leaves the folder meanwhile stood in the ledger before.
  const waiting = await keysIn(layout.outgoing);
  const answers = new Map<string, Answer>(await readEndings(layout.sent));
  for (const [key, seq] of waiting) answers.set(key, { seq, timestamp: Number.POSITIVE_INFINITY });
  return answers;
}

/**
 * Whether it is the answer to the message of that number. After 48 h the same id may be another message's, whose number is
 * higher than that of the old answer. Pure; `now` is epoch ms.
 */
export function isAnswered(answer: Answer | undefined, seq: number | undefined, now: number): boolean {
  if (answer === undefined) return false;
  return isFresh(answer, now) || answer.seq === undefined || seq === undefined || answer.seq > seq;
}
