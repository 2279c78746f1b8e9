import { join } from "node:path";
import { z } from "../../core/zod.ts";
import { JsonlWriter, readLast } from "../../core/jsonl.ts";
import { MODELS, TIERS, type ThreadId } from "../../core/ids.ts";

const lineSchema = z.object({
  timestamp: z.number().min(0).max(8.64e15),
  threadId: z.number(),
  messageId: z.string(),
  direction: z.enum(["in", "out"]),
  channel: z.string(),
  source: z.string(),
  sender: z.string(),
  message: z.string(),
  model: z.enum(MODELS).optional(),
  tier: z.enum(TIERS).optional(),
  sessionId: z.string().optional(),
  sourceThreadId: z.number().optional(),
  replyTo: z.string().optional(),
});

/** One line of `message-history.jsonl`: a whole message, nothing cut. */
export type HistoryEntry = z.infer<typeof lineSchema>;

/** Older files call the time `ts`. */
const entrySchema = z.preprocess(
  (line) => (typeof line === "object" && line !== null && "ts" in line ? { timestamp: line.ts, ...line } : line),
  lineSchema,
);

/** How far back at start it is looked whether a message is written down already: more than may be in work at once. */
const REMEMBERED = 500;
/** How far back a thread's entries are looked for. Some tenths of a second; what is older is no recent history. */
const SEARCHED_BYTES = 16 * 1024 * 1024;

/** The bot's own record of what was said; the agents' transcripts are theirs and may be lost. One writer. */
export class History {
  readonly #path: string;
  readonly #writer: JsonlWriter;
  readonly #seen: Set<string>;

  private constructor(path: string, writer: JsonlWriter, seen: Set<string>) {
    this.#path = path;
    this.#writer = writer;
    this.#seen = seen;
  }

  static async open(dir: string): Promise<History> {
    const path = join(dir, "message-history.jsonl");
    const last = await readEntries(path, REMEMBERED);
    return new History(path, await JsonlWriter.open(path, { durable: false }), new Set(last.map(entryKey)));
  }

  /** Writes the entry down, unless this direction of this message stands there already (a turn run again): then `known`. */
  async record(entry: HistoryEntry): Promise<"new" | "known"> {
    const key = entryKey(entry);
    if (this.#seen.has(key)) return "known";
    this.#seen.add(key);
    if (this.#seen.size > REMEMBERED) this.#forgetOldest();
    try {
      await this.#writer.append(entry);
      return "new";
    } catch (error) {
      this.#seen.delete(key);
      throw error;
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#seen;
    if (oldest !== undefined) this.#seen.delete(oldest);
  }

  /** The last `n` entries, oldest first, of one thread or, without one, of all. */
  recent(n: number, threadId?: ThreadId): Promise<HistoryEntry[]> {
    return readEntries(this.#path, n, threadId);
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }
}

function entryKey(entry: HistoryEntry): string {
  return `${entry.direction} ${entry.messageId} ${entry.threadId}`;
}

async function readEntries(path: string, n: number, threadId?: ThreadId): Promise<HistoryEntry[]> {
  const wanted = (record: unknown): boolean => {
    const entry = entrySchema.safeParse(record);
    return entry.success && (threadId === undefined || entry.data.threadId === threadId);
  };
  const rows = await readLast(path, n, wanted, SEARCHED_BYTES);
  return rows.map((row) => entrySchema.parse(row));
}
