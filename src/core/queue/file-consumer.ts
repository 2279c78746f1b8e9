import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Adoption, SECOND_LOOK_MS } from "./adoption.ts";
import type { Adopt } from "./adoption.ts";
import { QueueError, queueFault } from "./errors.ts";
import type { QueueErrorCode } from "./errors.ts";
import { FileProducer } from "./file-producer.ts";
import type { FileProducerOptions } from "./file-producer.ts";
import { fieldsOf } from "./file-fields.ts";
import { LaneIndex } from "./lanes.ts";
import { parseFileName } from "./file-name.ts";
import { keysIn, prepareLayout, sweepTmp } from "./layout.ts";
import { Ledger } from "./ledger.ts";
import { Pauses } from "./pauses.ts";
import { Quarantine } from "./quarantine.ts";
import type { CorruptFile } from "./quarantine.ts";
import type { Claim, Consumer, RetryOptions } from "./queue.ts";
import { readMessage } from "./read-message.ts";
import { recover } from "./recovery.ts";
import { ReadyScan } from "./scan.ts";
import type { Entry } from "./scan.ts";
import { Serial } from "./serial.ts";
import { FolderWatch } from "./watch.ts";
import { WorkFolder } from "./work-folder.ts";

export interface FileConsumerOptions<M> extends Omit<FileProducerOptions<M>, "onPublished"> {
  /** Where messages in work are moved; without one they stay in place and a claim is known in memory alone. */
  readonly claimDir?: string | undefined;
  readonly ledgerPath: string;
  /** Whether each try is recorded, so that those that end with the process are counted. */
  readonly recordTries: boolean;
  /** Makes messages of the files that other programs drop; without it such files are corrupt. */
  readonly adopt?: Adopt<M> | undefined;
  /** Asked by `open` for the messages that were in work: true when the answer exists already. */
  readonly answered?: ((key: string, seq: number | undefined) => boolean | Promise<boolean>) | undefined;
  readonly onCorrupt?: ((file: CorruptFile) => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The folder is looked through this often whatever happens, ms. */
  readonly rescanMs?: number;
}

/** What exists from open to close. */
interface Running<M> {
  readonly ledger: Ledger;
  readonly scan: ReadyScan<M>;
  readonly watch: FolderWatch;
}

type Taken<M> = { status: "none" } | { status: "unfit" } | { status: "taken"; entry: Entry; message: M };

const RESCAN_MS = 5000;
/** Pause of a lane whose message could not be taken by a fault of the system, ms. */
const FAULT_PAUSE_MS = 1000;

/** See `file-queue` for the states on disk. One consumer a queue. */
export class FileConsumer<M> implements Consumer<M> {
  readonly #options: FileConsumerOptions<M>;
  readonly #index = new LaneIndex<Entry>();
  readonly #folder: WorkFolder;
  readonly #quarantine: Quarantine;
  readonly #pauses: Pauses;
  /** Looks at the folder and moves between the folders never overlap, so that a look sees each message once. */
  readonly #moves = new Serial();
  readonly #claims = new Map<Claim<M>, Entry>();
  /** Of the files that lay in the folders at the start, in both directions: of an answer also while its question waits. */
  #held: ReadonlyMap<string, number> = new Map();
  readonly #listeners: (() => void)[] = [];
  #running: Running<M> | undefined;

  constructor(options: FileConsumerOptions<M>) {
    this.#options = options;
    const { clock, logger, onCorrupt, layout, readyDir, claimDir } = options;
    this.#folder = new WorkFolder({ readyDir, claimDir, deadLetterDir: layout.deadLetter });
    this.#quarantine = new Quarantine({ dir: layout.corrupt, clock, logger, onCorrupt });
    this.#pauses = new Pauses(clock, (lane) => {
      this.#index.resume(lane);
      this.#announce();
    });
  }

  async open(): Promise<void> {
    const { layout, ledgerPath, clock, sequence, readyDir, claimDir, logger, answered } = this.#options;
    await prepareLayout(layout);
    this.#held = await keysIn(layout.incoming, layout.processing, layout.outgoing);
    const isHeld = (key: string, seq = Number.POSITIVE_INFINITY): boolean => {
      const files = [this.#held.get(key), this.#index.get(key)?.seq];
      return files.some((file) => file !== undefined && file <= seq);
    };
    const ledger = await Ledger.open({ path: ledgerPath, clock, isHeld });
    const running = this.#start(ledger);
    try {
      await sweepTmp(layout, sequence.base, clock.now());
      await recover({
        readyDir,
        claimDir,
        deadLetterDir: layout.deadLetter,
        ledger,
        quarantine: this.#quarantine,
        logger,
        answered: answered ?? (() => false),
      });
      running.watch.start();
      await this.#look(running);
    } catch (error) {
      await running.watch.stop();
      await ledger.close();
      throw error;
    }
    this.#running = running;
    this.#announce();
  }

  async claim(): Promise<Claim<M> | undefined> {
    const { ledger, watch } = this.#opened();
    // What was published before the last ring of the doorbell is there for the claims after it.
    let look = watch.pendingLook();
    for (;;) {
      const taken = await this.#moves.run(() => this.#take());
      if (taken.status === "none") {
        if (look === undefined) return undefined;
        await look;
        look = undefined;
        continue;
      }
      if (taken.status === "unfit") continue;
      const { entry, message } = taken;
      const attempts = ledger.attempts(entry.key);
      await this.#recordTry(ledger, entry);
      const firstTried = ledger.firstTried(entry.key) ?? this.#options.clock.now();
      const claim: Claim<M> = { key: entry.key, lane: entry.lane, message, ...attempts, firstTried };
      this.#claims.set(claim, entry);
      return claim;
    }
  }

  async commit(claim: Claim<M>): Promise<void> {
    await this.#finish(claim, "queue_commit_failed", async (entry, ledger) => {
      await ledger.record("done", entry.key, entry.seq);
      await this.#removeEnded(entry);
    });
  }

  async retry(claim: Claim<M>, options: RetryOptions): Promise<void> {
    const { recordTries, logger } = this.#options;
    await this.#finish(claim, "queue_retry_failed", async (entry, ledger) => {
      if (options.counts) await ledger.record("fail", entry.key, entry.seq);
      else if (recordTries) await ledger.record("release", entry.key, entry.seq);
      await this.#moves.run(async () => {
        await this.#folder.giveBack(entry.name);
        this.#wait(entry, options.delayMs);
      });
      logger.info({ ...fieldsOf(entry.name), ...options }, "a message goes back to the head of its lane");
    });
  }

  async bury(claim: Claim<M>, reason: string): Promise<void> {
    const { clock, logger } = this.#options;
    await this.#finish(claim, "queue_bury_failed", async (entry, ledger) => {
      const { key, name, seq } = entry;
      const why = { reason, key, ...ledger.attempts(key), timestamp: clock.now() };
      await this.#folder.copyToDeadLetters(name, why);
      await ledger.record("dead", key, seq);
      await this.#removeEnded(entry);
      logger.warn({ ...fieldsOf(name), reason }, "a message was put aside as a dead letter");
    });
  }

  notify(): void {
    this.#running?.watch.request();
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  depth(): { waiting: number; claimed: number } {
    return this.#index.depth();
  }

  lanes(): ReadonlyMap<number, { readonly waiting: number; readonly claimed: boolean }> {
    return this.#index.lanes();
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#pauses.clear();
    await running?.watch.stop();
    await this.#moves.run(() => Promise.resolve());
    await running?.ledger.close();
  }

  #start(ledger: Ledger): Running<M> {
    const { readyDir, kind, logger, adopt, clock, rescanMs, layout, sequence } = this.#options;
    const index = this.#index;
    const scan = new ReadyScan<M>({
      readyDir,
      kind,
      index,
      ledger,
      logger,
      layout,
      quarantine: this.#quarantine,
      producer: new FileProducer({ layout, readyDir, kind, sequence }),
      adoption: adopt === undefined ? undefined : new Adoption({ adopt, schema: kind.schema, clock }),
      // A little more than the pause itself: a timer may be early by a fraction of a millisecond.
      lookAgain: () => watch.requestIn(SECOND_LOOK_MS + 20),
    });
    const watch = new FolderWatch({
      dir: readyDir,
      scan: () => this.#look({ ledger, scan, watch }),
      ignore: (name) => this.#isOwnDoing(name, ledger),
      clock,
      logger,
      rescanMs: rescanMs ?? RESCAN_MS,
    });
    return { ledger, scan, watch };
  }

  async #look({ scan }: Running<M>): Promise<number> {
    const names = await this.#moves.run(() => scan.run());
    this.#announce();
    return names;
  }

  /** Whether a change of that name needs no look: it comes from a claim, a retry or a commit. */
  #isOwnDoing(name: string, ledger: Ledger): boolean {
    const parsed = parseFileName(name);
    if (parsed === undefined) return !name.endsWith(".json");
    return this.#index.get(parsed.key)?.name === name || ledger.isOver(parsed.key, parsed.seq);
  }

  /** Takes the next message into work, up to the ledger's `try`. */
  async #take(): Promise<Taken<M>> {
    const entry = this.#index.take();
    if (entry === undefined) return { status: "none" };
    try {
      const read = (await this.#folder.take(entry.name))
        ? await readMessage(this.#folder.path(entry.name), this.#options.kind.schema)
        : { status: "gone" as const };
      if (read.status === "message") return { status: "taken", entry, message: read.message };
      if (read.status === "corrupt") await this.#quarantine.put(this.#folder.dir, entry.name, read.reason);
      this.#index.end(entry);
      return { status: "unfit" };
    } catch (error) {
      await this.#giveUp(entry);
      throw claimFailed(entry, error);
    }
  }

  async #recordTry(ledger: Ledger, entry: Entry): Promise<void> {
    if (!this.#options.recordTries) return;
    try {
      await ledger.record("try", entry.key, entry.seq);
    } catch (error) {
      await this.#moves.run(() => this.#giveUp(entry));
      throw claimFailed(entry, error);
    }
  }

  /** Back to the head of its lane, which pauses; where the file cannot be moved back the next claim finds it. */
  async #giveUp(entry: Entry): Promise<void> {
    await this.#folder.giveBack(entry.name).catch(() => undefined);
    this.#wait(entry, FAULT_PAUSE_MS);
  }

  #wait(entry: Entry, delayMs: number): void {
    this.#index.putBack(entry, delayMs > 0);
    if (delayMs > 0) this.#pauses.start(entry.lane, delayMs);
  }

  /** The ledger has the message's end, so that a file which cannot be removed changes nothing of it. */
  async #removeEnded(entry: Entry): Promise<void> {
    await this.#folder.remove(entry.name).catch((error: unknown) => {
      const fields = { ...fieldsOf(entry.name), error: describeError(error) };
      this.#options.logger.warn(
        fields,
        "the file of a message that has ended cannot be removed: a finished one is kept from running by the ledger",
      );
    });
    this.#index.end(entry);
  }

  async #finish(
    claim: Claim<M>,
    code: QueueErrorCode,
    end: (entry: Entry, ledger: Ledger) => Promise<void>,
  ): Promise<void> {
    const { ledger } = this.#opened();
    const entry = this.#claims.get(claim);
    if (entry === undefined) {
      throw new QueueError("queue_claim_unknown", `The claim of ${claim.key} was ended before; end each claim once.`);
    }
    // Taken out first, so that a second ending is told apart from the first while that is under way.
    this.#claims.delete(claim);
    try {
      await end(entry, ledger);
    } catch (error) {
      this.#claims.set(claim, entry);
      const path = this.#folder.path(entry.name);
      throw queueFault(code, `Ending the work on ${path} failed; the claim is still open. Check the disk.`, error, {
        path,
      });
    }
    this.#announce();
  }

  #opened(): Running<M> {
    if (this.#running !== undefined) return this.#running;
    throw new QueueError("queue_not_open", `The queue in ${this.#options.readyDir} is not open; call open first.`);
  }

  #announce(): void {
    if (this.#running === undefined || !this.#index.hasFree()) return;
    for (const listener of this.#listeners) listener();
  }
}

function claimFailed({ name }: Entry, cause: unknown): QueueError {
  return queueFault(
    "queue_claim_failed",
    `Taking ${name} into work failed; it is tried again. Check the disk.`,
    cause,
    fieldsOf(name),
  );
}
