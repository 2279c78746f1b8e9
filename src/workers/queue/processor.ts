import { CodedError, describeError, errorCode, isSyncFailure } from "../../core/errors.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Claim, RetryOptions } from "../../core/queue/queue.ts";
import { Endings, type EndingsDeps } from "./endings.ts";
import { Outage, type OwnPause } from "./outage.ts";
import { judgeClaim, judgeTurn, RETRY_PAUSES_MS, type Burial, type Hold } from "./retry-policy.ts";
import type { SettingsStore } from "./settings.ts";
import type { Turn, TurnRunner } from "./turn.ts";

/** A message that was taken only to tell its topic of an outage keeps out of the way of the next for this long. */
const TOLD_PAUSE_MS = 1_000;

/** From the abort of a turn to its end, ms: the agent has 2 s to obey. */
const REACT_MS = 2_500;

const STOPPED: RetryOptions = { delayMs: 0, counts: false, reason: "stopped" };

export interface ProcessorDeps extends EndingsDeps {
  readonly turns: TurnRunner;
  readonly settings: SettingsStore;
  readonly random: () => number;
  /** A fault of the queue itself: nothing more may be acknowledged. */
  readonly onFault: (error: unknown) => void;
  /** Pauses after failures, ms. */
  readonly retryPausesMs?: readonly number[];
}

type Claimed = Claim<IncomingMessage>;

/**
 * Takes messages from the queue, one at a time a thread and up to `maxConcurrentSessions` threads at once, has each
 * answered, and ends each claim in exactly one way:
 *
 *   claimed ─┬─ failed five times before, crashed twice ─► tell the topic, bury
 *            ├─ a heartbeat, and the disk is short ───────► commit, unanswered
 *            └─ else ─► echo (if the topic has not seen it) ─► turn ─┬─ answered ─► publish answer ─► commit
 *                                                                    ├─ aborted ──► back to its place, costs nothing
 *                                                                    ├─ Claude is away ─► the same, and all hold
 *                                                                    ├─ a limit of its own ─► the same, its lane pauses
 *                                                                    └─ failed ───► back to its place, counted
 *
 * A fault of the system on any of these ways, such as a full disk ─► back to its place, costs nothing; but once the answer
 * is published, the commit is tried until it works. A sync that fails ends the worker, with the claim open.
 *
 * The answer is durable before the commit: a death between them leaves both, and the start finds the answer by its key
 * and does not run the message again. While Claude is away (see `Outage`) no turn begins; each topic in which something
 * waits is told of it once, whichever turn found it out.
 */
export class Processor {
  readonly #deps: ProcessorDeps;
  readonly #endings: Endings;
  readonly #outage: Outage;
  readonly #pauses: readonly number[];
  readonly #running = new Map<string, { claim: Claimed; done: Promise<void>; abort: AbortController }>();
  /** Why messages failed last; lost with the process, as the ledger tells only how often. */
  readonly #failures = new Map<string, string>();
  #pumping: Promise<void> | undefined;
  #pumpAgain = false;
  #stopped = false;
  /** What still runs has lost its claim. */
  #isClosed = false;

  constructor(deps: ProcessorDeps) {
    this.#deps = deps;
    this.#endings = new Endings(deps);
    this.#pauses = deps.retryPausesMs ?? RETRY_PAUSES_MS;
    this.#outage = new Outage({
      clock: deps.clock,
      random: deps.random,
      onChange: () => {
        this.#pump();
      },
    });
  }

  get inFlight(): number {
    return this.#running.size;
  }

  async start(): Promise<void> {
    this.#deps.incoming.onReady(() => {
      this.#pump();
    });
    await this.#deps.incoming.open();
    this.#pump();
  }

  /** What kept messages from being taken may be over. */
  wake(): void {
    this.#pump();
  }

  /**
   * Takes nothing new; lets running turns end for `graceMs`, then aborts them: they go back to their place. One that does
   * not react is put back without it: a try left open would count as a crash of the message's.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#outage.close();
    this.#endings.close();
    const cancel = this.#deps.clock.after(graceMs, () => {
      for (const { abort } of this.#running.values()) abort.abort();
    });
    await this.#pumping;
    const all = Promise.all([...this.#running.values()].map(({ done }) => done));
    const late = new AbortController();
    await Promise.race([all, this.#deps.clock.sleep(graceMs + REACT_MS, late.signal).catch(() => undefined)]);
    late.abort();
    cancel();
    const stuck = [...this.#running.values()].map(({ claim }) => claim);
    this.#isClosed = true;
    for (const claim of stuck) await this.#endings.giveBack(claim, STOPPED);
    await this.#deps.incoming.close();
  }

  #pump(): void {
    if (this.#stopped) return;
    this.#pumpAgain = true;
    this.#pumping ??= this.#pumpUntilDone();
  }

  async #pumpUntilDone(): Promise<void> {
    while (this.#pumpAgain && !this.#stopped) {
      this.#pumpAgain = false;
      await this.#fill().catch(this.#deps.onFault);
    }
    this.#pumping = undefined;
  }

  async #fill(): Promise<void> {
    const { maxConcurrentSessions } = await this.#deps.settings.read();
    while (this.#outage.mayBegin && this.#running.size < maxConcurrentSessions) {
      const claim = await this.#claim();
      if (claim === undefined) break;
      if (claim !== "unfit") this.#begin(claim);
    }
    await this.#tellThoseWhoWait();
    await this.#markQueued();
  }

  /** A message that cannot be taken now makes its own lane wait, for the consumer has paused that; the others go on. */
  async #claim(): Promise<Claimed | "unfit" | undefined> {
    if (this.#stopped || this.#deps.disk.level === "hard") return undefined;
    try {
      return await this.#deps.incoming.claim();
    } catch (error) {
      if (errorCode(error) !== "queue_claim_failed" || isSyncFailure(error)) throw error;
      const details = error instanceof CodedError ? error.details : {};
      this.#deps.log.error(
        { ...details, error: describeError(error) },
        "a message could not be taken up; its lane waits",
      );
      this.#deps.disk.suspect(error);
      return "unfit";
    }
  }

  #begin(claim: Claimed): void {
    const abort = new AbortController();
    this.#outage.begin(claim.key);
    const done = (this.#stopped ? this.#endings.giveBack(claim, STOPPED) : this.#handle(claim, abort))
      .catch((error: unknown) => (this.#isClosed ? undefined : this.#endings.putBack(claim, error)))
      .catch(this.#deps.onFault)
      .finally(() => {
        this.#running.delete(claim.key);
        this.#outage.end(claim.key);
        this.#pump();
      });
    this.#running.set(claim.key, { claim, done, abort });
  }

  async #handle(claim: Claimed, abort: AbortController): Promise<void> {
    const ending = this.#judge(claim);
    if (ending !== undefined) {
      await this.#bury(claim, ending);
      return;
    }
    if (claim.message.source === "heartbeat" && this.#deps.disk.level !== "ok") {
      await this.#endings.leaveOut(claim);
      return;
    }
    this.#deps.onTurn(claim.message, "running");
    await this.#endings.echo(claim.message);
    const turn = await this.#run(claim, abort);
    const verdict = judgeTurn(turn.result, claim.failures, this.#pauses);
    switch (verdict.action) {
      case "commit":
        this.#outage.noteUp();
        await this.#endings.answer(claim, turn, verdict.result);
        this.#failures.delete(claim.key);
        return;
      case "retry":
        if (verdict.counts) this.#failures.set(claim.key, verdict.reason);
        return this.#endings.giveBack(claim, verdict);
      case "hold":
        return this.#hold(claim, verdict);
    }
  }

  /** A turn within its deadline; one that is ended for being late has failed. */
  async #run(claim: Claimed, abort: AbortController): Promise<Turn> {
    const settings = await this.#deps.settings.read(claim.message.threadId);
    const tried = claim.failures + claim.crashes > 0;
    let late = false;
    const cancel = this.#deps.clock.after(settings.turnDeadlineMinutes * 60_000, () => {
      late = true;
      abort.abort();
    });
    const onHeard = (): void => {
      this.#outage.noteUp();
    };
    try {
      const turn = await this.#deps.turns.run(claim.message, { tried, settings, signal: abort.signal, onHeard });
      if (!late || turn.result.status !== "aborted") return turn;
      const reason = `it took longer than ${settings.turnDeadlineMinutes} minutes.`;
      return { ...turn, result: { status: "failed", reason } };
    } finally {
      cancel();
    }
  }

  #judge(claim: Claimed): Burial | undefined {
    return judgeClaim(claim, this.#failures.get(claim.key), this.#pauses);
  }

  async #bury(claim: Claimed, burial: Burial): Promise<void> {
    await this.#endings.bury(claim, burial);
    this.#failures.delete(claim.key);
  }

  async #hold(claim: Claimed, hold: Hold): Promise<void> {
    const own = this.#outage.pauseOfOwn(claim.key, hold);
    if (own !== undefined) return this.#pauseLane(claim, hold, own);
    this.#outage.noteAway(claim.key, hold);
    await this.#tell(claim.message, hold.reason);
    await this.#endings.giveBack(claim, { delayMs: 0, counts: false, reason: hold.reason });
  }

  async #pauseLane(claim: Claimed, { reason }: Hold, { delayMs, tell }: OwnPause): Promise<void> {
    const text = `⏳ ${reason} What waits here is kept and tried again within 15 minutes; other topics go on.`;
    if (tell) await this.#deps.voice.notice(claim.message, "limit", text);
    await this.#endings.giveBack(claim, { delayMs, counts: false, reason });
  }

  /** While Claude is away: takes up a message of each topic that does not know, tells it there, and puts it back. */
  async #tellThoseWhoWait(): Promise<void> {
    while (this.#outage.reason !== undefined && this.#isSomeoneUntold()) {
      const claim = await this.#claim();
      if (claim === undefined) return;
      if (claim !== "unfit") await this.#tellAndPutBack(claim).catch((error) => this.#endings.putBack(claim, error));
    }
  }

  async #tellAndPutBack(claim: Claimed): Promise<void> {
    const ending = this.#judge(claim);
    if (ending !== undefined) {
      await this.#bury(claim, ending);
      return;
    }
    const { reason = "Claude is back." } = this.#outage;
    await this.#endings.echo(claim.message);
    await this.#tell(claim.message, this.#outage.reason);
    await this.#endings.giveBack(claim, { delayMs: TOLD_PAUSE_MS, counts: false, reason });
  }

  async #tell(message: IncomingMessage, reason: string | undefined): Promise<void> {
    if (reason === undefined || !this.#outage.tell(message.threadId)) return;
    await this.#deps.voice.notice(
      message,
      "outage",
      `⏳ ${reason} What waits here is kept and runs when Claude is back.`,
    );
  }

  #isSomeoneUntold(): boolean {
    for (const [threadId, { waiting, claimed }] of this.#deps.incoming.lanes()) {
      if (waiting > 0 && !claimed && !this.#outage.isTold(threadId)) return true;
    }
    return false;
  }

  async #markQueued(): Promise<void> {
    for (const [threadId, lane] of this.#deps.incoming.lanes()) {
      const thread = this.#deps.threads.get(threadId);
      if (lane.waiting > 0 && !lane.claimed && thread?.status === "idle") {
        await this.#deps.threads.update(threadId, { status: "queued" });
      }
    }
  }
}
