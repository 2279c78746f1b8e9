/**
 * What is known of each chunk of each answer on its way into the chat. Telegram takes no key by which it would know a
 * message again, and has no way to ask what was posted. So each chunk is written down before it goes out and when it is
 * there; of one that is written down as going out alone, after a kill, nobody can know.
 *
 *   unsent ──intend──▶ going out ──posted──▶ sent
 *                      going out ──refused──▶ unsent
 *                      going out ──the process died, or a call had no answer before it did──▶ interrupted
 */
import { createHash } from "node:crypto";
import { closeSync, fdatasync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { z } from "../../core/zod.ts";
import { removeLeftovers, replaceIfRoom, syncDirectory, syncOnce } from "../../core/atomic-file.ts";
import type { Clock } from "../../core/clock.ts";
import { readAll } from "../../core/jsonl.ts";

/** Names a chunk of an answer by its place and what it says: another text under the same key is another chunk. */
export function chunkId(place: number, text: string): string {
  return `${place}-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}

export type ChunkState = "unsent" | "sent" | "interrupted";

export interface Deliveries {
  stateOf(key: string, chunk: string): ChunkState;
  /** Resolves when it is durable that the chunk is about to go out. Rejects when that cannot be written. */
  intend(key: string, chunk: string): Promise<void>;
  /** The chunk is in the chat as Telegram's message `id`. Known at once; durable when it resolves. */
  posted(key: string, chunk: string, id: number): Promise<void>;
  /** Telegram did not take it, or was not reached. */
  refused(key: string, chunk: string): void;
  /** The answer is with the queue's ledger of what is done: nobody will ask for its chunks any more. */
  forget(key: string): void;
  close(): void;
}

const recordSchema = z.object({
  timestamp: z.number(),
  key: z.string().min(1),
  chunk: z.string().min(1),
  event: z.enum(["intend", "sent", "refused", "done"]),
  id: z.number().int().optional(),
});
type DeliveryRecord = z.infer<typeof recordSchema>;

/**
 * How long the chunks of an answer that is not done are remembered, ms: one that was put aside may be put back by hand.
 * Counted up to the newest of them all, not up to now: a bot that was away for long, or whose clock jumps ahead, still
 * finds what it has half posted.
 */
const KEEP_MS = 7 * 24 * 3_600_000;
/** Below this many lines compaction is not worth its write. */
const COMPACT_FROM_LINES = 1000;
const FILE_MODE = 0o640;
/** Of an answer that is done. */
const ALL = "all";
const NEWLINE = "\n";

const syncData = promisify(fdatasync);

/** Opens the ledger in the file, whose one writer this is. Throws the system's error. */
export async function openDeliveries(path: string, clock: Clock): Promise<Deliveries> {
  await removeLeftovers(path);
  const { kept, lines } = await load(path, clock.now());
  if (lines >= COMPACT_FROM_LINES && kept.length * 2 < lines) {
    await replaceIfRoom(path, kept.map(lineOf).join(""));
  }
  const ledger = new DeliveryLedger(path, clock, kept);
  await syncDirectory(dirname(path));
  return ledger;
}

/** The last record of each chunk of each answer that is not done. */
async function load(path: string, now: number): Promise<{ kept: DeliveryRecord[]; lines: number }> {
  const answers = new Map<string, Map<string, DeliveryRecord>>();
  let lines = 0;
  for await (const line of readAll(path)) {
    lines += 1;
    const record = recordSchema.safeParse(line).data;
    if (record === undefined) continue;
    const { key, chunk, event } = record;
    if (event === "done") answers.delete(key);
    else answers.set(key, (answers.get(key) ?? new Map<string, DeliveryRecord>()).set(chunk, record));
  }
  const all = [...answers.values()].map((chunks) => [...chunks.values()]);
  const since = Math.min(now, newest(all.flat())) - KEEP_MS;
  return { kept: all.filter((chunks) => newest(chunks) >= since).flat(), lines };
}

function newest(chunks: readonly DeliveryRecord[]): number {
  return chunks.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
}

class DeliveryLedger implements Deliveries {
  readonly #path: string;
  readonly #clock: Clock;
  /** By answer, then by chunk. */
  readonly #states = new Map<string, Map<string, ChunkState>>();
  #fd: number | undefined;

  constructor(path: string, clock: Clock, kept: readonly DeliveryRecord[]) {
    this.#path = path;
    this.#clock = clock;
    for (const { key, chunk, event } of kept) this.#set(key, chunk, stateAfter(event));
    this.#fd = openSync(path, "a", FILE_MODE);
  }

  stateOf(key: string, chunk: string): ChunkState {
    return this.#states.get(key)?.get(chunk) ?? "unsent";
  }

  async intend(key: string, chunk: string): Promise<void> {
    this.#write({ timestamp: this.#clock.now(), key, chunk, event: "intend" });
    await this.#sync();
  }

  /** Written in this very moment: each millisecond in which the process may die is one in which nobody could know. */
  async posted(key: string, chunk: string, id: number): Promise<void> {
    this.#set(key, chunk, "sent");
    this.#write({ timestamp: this.#clock.now(), key, chunk, event: "sent", id });
    await this.#sync();
  }

  refused(key: string, chunk: string): void {
    this.#set(key, chunk, "unsent");
    this.#note({ timestamp: this.#clock.now(), key, chunk, event: "refused" });
  }

  forget(key: string): void {
    this.#states.delete(key);
    this.#note({ timestamp: this.#clock.now(), key, chunk: ALL, event: "done" });
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Not written, it is worse known after a kill than it could be, and no more. */
  #note(record: DeliveryRecord): void {
    try {
      this.#write(record);
    } catch {
      // The next line says what the disk has.
    }
  }

  /** A line that was torn, by a kill or a full disk, ends where the next begins. */
  #write(record: DeliveryRecord): void {
    this.#fd ??= openSync(this.#path, "a", FILE_MODE);
    const line = Buffer.from(`${NEWLINE}${lineOf(record)}`);
    if (writeSync(this.#fd, line) < line.length) throw new Error(`write to ${this.#path} stopped short`);
  }

  async #sync(): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined) return;
    try {
      await syncOnce(this.#path, () => syncData(fd));
    } catch (error) {
      // A second sync of the same file might succeed and mean nothing: what is written next is written anew.
      this.close();
      throw error;
    }
  }

  #set(key: string, chunk: string, state: ChunkState): void {
    const chunks = this.#states.get(key) ?? new Map<string, ChunkState>();
    this.#states.set(key, chunks.set(chunk, state));
  }
}

/** What a process finds that was not there when it was written. */
function stateAfter(event: DeliveryRecord["event"]): ChunkState {
  if (event === "intend") return "interrupted";
  return event === "sent" ? "sent" : "unsent";
}

function lineOf(record: DeliveryRecord): string {
  return `${JSON.stringify(record)}${NEWLINE}`;
}
