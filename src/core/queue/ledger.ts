import { z } from "../zod.ts";
import { removeLeftovers, replaceIfRoom } from "../atomic-file.ts";
import type { Clock } from "../clock.ts";
import { parseLine } from "../jsonl-files.ts";
import { JsonlWriter, readAll } from "../jsonl.ts";

/**
 * What became of each message, a JSON line an event:
 * - `try`: taken into work; one without an ending means that the consumer died with it
 * - `fail`, `release`: the try ended without success, by the message's own fault or not
 * - `done`: finished; the key is remembered for 48 h so that it is not run again
 * - `dead`: put aside; the key is remembered in the same way, but not for the file of that number: an operator may put
 *   it back, and its earlier tries are forgotten
 */
const EVENTS = ["try", "fail", "release", "done", "dead"] as const;
export type LedgerEvent = (typeof EVENTS)[number];

const recordSchema = z.object({
  timestamp: z.number(),
  key: z.string().min(1),
  event: z.enum(EVENTS),
  seq: z.number().int().nonnegative().optional(),
});
type LedgerRecord = z.infer<typeof recordSchema>;

/** How long a finished key is remembered, ms: twice what Telegram keeps an unconfirmed update. */
const KEEP_MS = 48 * 3_600_000;
/** Below this many lines compaction is not worth its write. */
const COMPACT_FROM_LINES = 1000;

export interface Attempts {
  readonly failures: number;
  readonly crashes: number;
}

interface Tries {
  failures: number;
  crashes: number;
  /** The last `try` has no ending yet. */
  open: boolean;
  /** Of the file that was tried last. */
  seq: number | undefined;
  /** Time of the first event. */
  readonly since: number;
  timestamp: number;
}

/** How a message came to its end. */
export interface Ending {
  readonly event: "done" | "dead";
  readonly timestamp: number;
  readonly seq: number | undefined;
}

/**
 * Whether a message that bears the number, or has none yet, is over by that ending. A dead letter that was put back bears
 * the number it was buried under; one that its sender repeats has another. After 48 h the same id is a new message, and
 * what is done is so for the file of its own number alone. Pure; `now` is epoch ms.
 */
export function isOver(ending: Ending | undefined, seq: number | undefined, now: number): boolean {
  if (ending === undefined) return false;
  const isOwn = ending.seq !== undefined && ending.seq === seq;
  const fresh = isFresh(ending, now);
  return ending.event === "done" ? fresh || isOwn : fresh && ending.seq !== undefined && !isOwn;
}

/** Whether the id of what ended then still stands for the same message. */
export function isFresh({ timestamp }: Pick<Ending, "timestamp">, now: number): boolean {
  return timestamp >= now - KEEP_MS;
}

/** Whether what is known of a key is kept however old it is: a file lies about that has that number, or a lower one. */
type IsHeld = (key: string, seq?: number) => boolean;
const isNever: IsHeld = () => false;

/** The state that the events of a ledger add up to. */
class Account {
  /** In order of time. */
  readonly ended = new Map<string, Ending>();
  readonly tries = new Map<string, Tries>();

  apply({ key, event, timestamp, seq }: LedgerRecord): void {
    if (event === "done" || event === "dead") {
      this.tries.delete(key);
      // Taken out first, so that the map stays in order of time.
      this.ended.delete(key);
      this.ended.set(key, { event, timestamp, seq });
      return;
    }
    // A dead letter that was put back.
    if (this.ended.get(key)?.event === "dead") this.ended.delete(key);
    const tries = this.tries.get(key) ?? { failures: 0, crashes: 0, open: false, seq, since: timestamp, timestamp };
    this.tries.set(key, tries);
    tries.timestamp = timestamp;
    tries.seq = seq ?? tries.seq;
    if (event === "try" && tries.open) tries.crashes += 1;
    if (event === "fail") tries.failures += 1;
    tries.open = event === "try";
  }

  /** Counts the tries that were open when the last consumer died; answers their keys and numbers. */
  closeTries(): Map<string, number | undefined> {
    const crashed = new Map<string, number | undefined>();
    for (const [key, tries] of this.tries) {
      if (!tries.open) continue;
      tries.open = false;
      tries.crashes += 1;
      crashed.set(key, tries.seq);
    }
    return crashed;
  }

  forgetBefore(limit: number, isHeld: IsHeld): void {
    for (const known of [this.ended, this.tries]) {
      for (const [key, { timestamp, seq }] of known) if (timestamp < limit && !isHeld(key, seq)) known.delete(key);
    }
  }

  /** Events that add up to this state again: a `try` that none follows counts as a crash when it is read. */
  *records(): Generator<LedgerRecord> {
    for (const [key, { event, timestamp, seq }] of this.ended) {
      yield { timestamp, key, event, ...(seq === undefined ? {} : { seq }) };
    }
    for (const [key, { since, timestamp, failures, crashes, seq }] of this.tries) {
      for (let n = 0; n < failures + crashes; n += 1) {
        const event = n < failures ? "fail" : "try";
        yield { timestamp: n === 0 ? since : timestamp, key, event, ...(seq === undefined ? {} : { seq }) };
      }
    }
  }
}

async function load(path: string): Promise<{ account: Account; lines: number }> {
  const account = new Account();
  let lines = 0;
  for await (const line of readAll(path)) {
    lines += 1;
    const record = recordSchema.safeParse(line).data;
    if (record !== undefined) account.apply(record);
  }
  return { account, lines };
}

/** What has ended by a ledger, by key, however long ago. Reads only; the file's writer may be another thread. */
export async function readEndings(path: string): Promise<ReadonlyMap<string, Ending>> {
  const { account } = await load(path);
  return account.ended;
}

/** Keys whose last event in the lines of a ledger is an ending: `done` or `dead`. Pure. */
export function endedKeys(lines: string): Set<string> {
  const ended = new Set<string>();
  for (const line of lines.split("\n")) {
    const record = recordSchema.safeParse(parseLine(Buffer.from(line))).data;
    if (record?.event === "done" || record?.event === "dead") ended.add(record.key);
    else if (record !== undefined) ended.delete(record.key);
  }
  return ended;
}

export interface LedgerOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly isHeld?: IsHeld;
}

/** A ledger and its single writer. */
export class Ledger {
  /** Keys and numbers whose last try ended with the death of the consumer before this one. */
  readonly crashed: ReadonlyMap<string, number | undefined>;
  readonly #clock: Clock;
  readonly #isHeld: IsHeld;
  readonly #account: Account;
  readonly #writer: JsonlWriter;
  #forgotAt: number;

  private constructor(
    { clock, isHeld }: LedgerOptions,
    account: Account,
    writer: JsonlWriter,
    crashed: Ledger["crashed"],
  ) {
    this.#clock = clock;
    this.#isHeld = isHeld ?? isNever;
    this.#account = account;
    this.#writer = writer;
    this.crashed = crashed;
    this.#forgotAt = clock.now();
  }

  /** Reads the file, and rewrites it when most of it no longer counts. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { path, clock, isHeld = isNever } = options;
    await removeLeftovers(path);
    const { account, lines } = await load(path);
    account.forgetBefore(clock.now() - KEEP_MS, isHeld);
    const crashed = account.closeTries();
    const live = [...account.records()];
    if (lines >= COMPACT_FROM_LINES && live.length * 2 < lines) {
      await replaceIfRoom(path, live.map((record) => `${JSON.stringify(record)}\n`).join(""));
    }
    // It must stay one file, as only one can be replaced at once.
    const writer = await JsonlWriter.open(path, { durable: true, maxBytes: Number.POSITIVE_INFINITY });
    return new Ledger(options, account, writer, crashed);
  }

  /** Whether the message of that key has ended; see `isOver` for the number. */
  isOver(key: string, seq: number | undefined): boolean {
    return isOver(this.#account.ended.get(key), seq, this.#clock.now());
  }

  /** The number under which the last message of that key was buried; undefined when it was not. */
  buriedAs(key: string): number | undefined {
    const ending = this.#account.ended.get(key);
    return ending?.event === "dead" ? ending.seq : undefined;
  }

  attempts(key: string): Attempts {
    const { failures, crashes } = this.#account.tries.get(key) ?? { failures: 0, crashes: 0 };
    return { failures, crashes };
  }

  /** Time of a message's first try, epoch ms; undefined before it. */
  firstTried(key: string): number | undefined {
    return this.#account.tries.get(key)?.since;
  }

  /** Resolves when the event survives a power failure. Rejects as `JsonlWriter.append`; then nothing has changed. */
  async record(event: LedgerEvent, key: string, seq?: number): Promise<void> {
    const record: LedgerRecord = { timestamp: this.#clock.now(), key, event, ...(seq === undefined ? {} : { seq }) };
    await this.#writer.append(record);
    this.#account.apply(record);
    this.#forgetHourly();
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  #forgetHourly(): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#forgotAt) < 3_600_000) return;
    this.#forgotAt = now;
    this.#account.forgetBefore(now - KEEP_MS, this.#isHeld);
  }
}
