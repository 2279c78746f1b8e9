import { join } from "node:path";
import type { z } from "../zod.ts";
import { publishFile } from "../atomic-file.ts";
import { QueueError, queueFault } from "./errors.ts";
import { MAX_FILE_BYTES, describeIssues, encodeEnvelope } from "./envelope.ts";
import { formatFileName, keyOf } from "./file-name.ts";
import type { FileName } from "./file-name.ts";
import type { QueueLayout } from "./layout.ts";
import type { Producer } from "./queue.ts";
import type { Rank } from "./rank.ts";
import type { SequenceSource } from "./sequence.ts";
import { Turns } from "./turns.ts";

/** What makes a queue one of incoming or of outgoing messages. */
export interface MessageKind<M> {
  readonly schema: z.ZodType<M>;
  readonly laneOf: (message: M) => number;
  /** Ranks its lane against others. */
  readonly rankOf: (message: M) => Rank;
  /** Names a message for good when `publish` is given no key. */
  readonly keyFor: (message: M) => string;
}

export interface FileProducerOptions<M> {
  readonly layout: QueueLayout;
  /** Where messages are published. */
  readonly readyDir: string;
  readonly kind: MessageKind<M>;
  readonly sequence: SequenceSource;
  /** Called after each message; ring the consumer's doorbell here. */
  readonly onPublished?: () => void;
}

/** See `file-queue` for the states on disk. Any number of producers, in any thread, may write to one queue. */
export class FileProducer<M> implements Producer<M> {
  readonly #options: FileProducerOptions<M>;
  /** Names of a lane appear in their order. */
  readonly #turns = new Turns();

  constructor(options: FileProducerOptions<M>) {
    this.#options = options;
  }

  async publish(message: M, key?: string): Promise<void> {
    await this.store(message, key);
    this.#options.onPublished?.();
  }

  /** Publishes without ringing; answers the name the message has. */
  async store(message: M, key?: string): Promise<FileName> {
    const { kind, layout, readyDir, sequence } = this.#options;
    const checked = kind.schema.safeParse(message);
    if (!checked.success) throw invalid(describeIssues(checked.error));
    const bytes = encodeEnvelope(checked.data);
    if (bytes.length > MAX_FILE_BYTES) throw invalid(`${bytes.length} bytes; the limit is ${MAX_FILE_BYTES}`);
    const lane = kind.laneOf(message);
    const file: FileName = {
      seq: sequence.next(),
      lane,
      rank: kind.rankOf(checked.data),
      key: keyOf(key ?? kind.keyFor(message)),
    };
    const name = formatFileName(file);
    const turn = this.#turns.take(lane);
    try {
      await publishFile({ tmpDir: layout.tmp, dir: readyDir, name, bytes, turn: turn.before, onLinked: turn.end });
    } catch (error) {
      const path = join(readyDir, name);
      throw queueFault("queue_write_failed", `Storing ${path} failed; check the disk, then send it again.`, error, {
        path,
      });
    } finally {
      turn.end();
    }
    return file;
  }
}

function invalid(reason: string): QueueError {
  return new QueueError("queue_message_invalid", `Publishing a message was refused: ${reason}. Mend the caller.`);
}
