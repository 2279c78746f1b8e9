import type { Clock } from "../../core/clock.ts";
import { describeError, errorCode, isSyncFailure } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Claim, Consumer } from "../../core/queue/queue.ts";
import type { History } from "./history.ts";
import { judgeClaim, judgeTurn, RETRY_PAUSES_MS, type Burial, type Commit, type Retry } from "./retry-policy.ts";
import type { ThreadStore } from "./sessions.ts";
import type { SettingsStore } from "./settings.ts";
import type { Turn, TurnRunner } from "./turn.ts";
import type { Voice } from "./voice.ts";

/** Before a message is tried again that a fault of the system, not its own, put back. */
const FAULT_PAUSE_MS = 5_000;

export interface ProcessorDeps {
  readonly incoming: Consumer<IncomingMessage>;
  readonly voice: Voice;
  readonly turns: TurnRunner;
  readonly threads: ThreadStore;
  readonly history: History;
  readonly settings: SettingsStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** A turn begins, or waits for something that may take long. */
  readonly onTurn: (message: IncomingMessage, state: "running" | "waiting") => void;
  /** A fault of the queue itself: nothing more may be acknowledged. */
  readonly onFault: (error: unknown) => void;
  /** Pauses after failures, ms. */
  readonly retryPausesMs?: readonly number[];
}

/**
 * Takes messages from the queue, one at a time a thread and up to `maxConcurrentSessions` threads at once, has each
 * answered, and ends each claim in exactly one way:
 *
 *   claimed ─► echo (if the topic has not seen it) ─► turn ─┬─ answered ──► publish answer ─► commit
 *                                                           ├─ unavailable, aborted ─► back to its place, costs nothing
 *                                                           ├─ failed ──► back to its place, up to four times
 *                                                           └─ failed the fifth time, crashed twice ─► tell, bury
 *
 * The answer is durable before the commit: a death between them leaves both, and the start finds the answer by its key
 * and does not run the message again.
 */
export class Processor {
  readonly #deps: ProcessorDeps;
  readonly #running = new Map<string, { done: Promise<void>; abort: AbortController }>();
  /** Topics told of the outage that lasts. */
  readonly #told = new Set<number>();
  #outages = 0;
  #pumping = false;
  #pumpAgain = false;
  #stopped = false;

  constructor(deps: ProcessorDeps) {
    this.#deps = deps;
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

  /** Takes nothing new; lets running turns end for `graceMs`, then aborts them: they go back to their place. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    const all = (): Promise<unknown> => Promise.all([...this.#running.values()].map(({ done }) => done));
    const cancel = this.#deps.clock.after(graceMs, () => {
      for (const { abort } of this.#running.values()) abort.abort();
    });
    await all();
    cancel();
    await this.#deps.incoming.close();
  }

  #pump(): void {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    this.#fill()
      .catch(this.#deps.onFault)
      .finally(() => {
        this.#pumping = false;
        if (!this.#pumpAgain) return;
        this.#pumpAgain = false;
        this.#pump();
      });
  }

  async #fill(): Promise<void> {
    const { maxConcurrentSessions } = await this.#deps.settings.read();
    while (!this.#stopped && this.#running.size < maxConcurrentSessions) {
      const claim = await this.#claim();
      if (claim === "unfit") continue;
      if (claim === undefined) break;
      const abort = new AbortController();
      const done = this.#handle(claim, abort)
        .catch((error: unknown) => this.#putBack(claim, error))
        .catch(this.#deps.onFault)
        .finally(() => {
          this.#running.delete(claim.key);
          this.#pump();
        });
      this.#running.set(claim.key, { done, abort });
    }
    await this.#markQueued();
  }

  /** A message that cannot be taken now makes its own lane wait, for the consumer has paused that; the others go on. */
  async #claim(): Promise<Claim<IncomingMessage> | "unfit" | undefined> {
    try {
      return await this.#deps.incoming.claim();
    } catch (error) {
      if (errorCode(error) !== "queue_claim_failed" || isSyncFailure(error)) throw error;
      this.#deps.log.error({ error: describeError(error) }, "a message could not be taken up; its lane waits");
      return "unfit";
    }
  }

  /**
   * A fault outside the turn, such as a full disk: the message goes back to its place and it costs nothing. Ending the
   * worker here would be charged as a crash to every turn that runs. A failed sync ends it all the same: what was
   * written may be gone.
   */
  async #putBack(claim: Claim<IncomingMessage>, error: unknown): Promise<void> {
    if (isSyncFailure(error)) throw error;
    const { threadId, messageId } = claim.message;
    const reason = describeError(error);
    this.#deps.log.error({ threadId, messageId, reason }, "a message could not be finished; it goes back to its place");
    this.#deps.onTurn(claim.message, "waiting");
    await this.#deps.threads.update(threadId, { status: "queued" });
    await this.#deps.incoming.retry(claim, { delayMs: FAULT_PAUSE_MS, counts: false, reason });
  }

  async #markQueued(): Promise<void> {
    for (const [threadId, lane] of this.#deps.incoming.lanes()) {
      const thread = this.#deps.threads.get(threadId);
      if (lane.waiting > 0 && !lane.claimed && thread?.status === "idle") {
        await this.#deps.threads.update(threadId, { status: "queued" });
      }
    }
  }

  async #handle(claim: Claim<IncomingMessage>, abort: AbortController): Promise<void> {
    const { message } = claim;
    const ending = judgeClaim(claim);
    if (ending !== undefined) {
      await this.#bury(claim, ending);
      return;
    }
    this.#deps.onTurn(message, "running");
    await this.#echo(message);
    const turn = await this.#run(claim, abort);
    const { clock, random, retryPausesMs = RETRY_PAUSES_MS } = this.#deps;
    const past = { failures: claim.failures, outages: this.#outages };
    const disposition = judgeTurn(turn.result, past, clock.now(), random(), retryPausesMs);
    this.#noteOutage(turn.result.status);
    switch (disposition.action) {
      case "commit":
        return this.#answer(claim, turn, disposition.result);
      case "retry":
        return this.#retry(claim, disposition);
      case "bury":
        return this.#bury(claim, disposition);
    }
  }

  /** A turn within its deadline; one that is ended for being late has failed. */
  async #run(claim: Claim<IncomingMessage>, abort: AbortController): Promise<Turn> {
    const settings = await this.#deps.settings.read(claim.message.threadId);
    const tried = claim.failures + claim.crashes > 0;
    let late = false;
    const cancel = this.#deps.clock.after(settings.turnDeadlineMinutes * 60_000, () => {
      late = true;
      abort.abort();
    });
    try {
      const turn = await this.#deps.turns.run(claim.message, tried, settings, abort.signal);
      if (!late || turn.result.status !== "aborted") return turn;
      const reason = `it took longer than ${settings.turnDeadlineMinutes} minutes.`;
      return { ...turn, result: { status: "failed", reason } };
    } finally {
      cancel();
    }
  }

  async #answer(claim: Claim<IncomingMessage>, { model, decision }: Turn, result: Commit["result"]): Promise<void> {
    const { message } = claim;
    const { voice, incoming, history, threads, clock } = this.#deps;
    const text = result.text.trim() === "" ? "(done, with nothing to say)" : result.text;
    const said = await voice.answer(message, text, model);
    await history.record({
      timestamp: clock.now(),
      threadId: message.threadId,
      messageId: message.messageId,
      direction: "out",
      channel: message.channel,
      source: message.source,
      sender: "assistant",
      message: said,
      model,
      tier: decision.tier,
      sessionId: result.sessionId,
    });
    const { sessionId } = result;
    await threads.update(message.threadId, { status: "idle", sessionId, lastActive: clock.now() });
    await incoming.commit(claim);
  }

  async #retry(claim: Claim<IncomingMessage>, retry: Retry): Promise<void> {
    const { incoming, threads, voice, log } = this.#deps;
    const { message } = claim;
    const { tell, delayMs, counts, reason } = retry;
    const { threadId, messageId } = message;
    log.warn({ threadId, messageId, reason, delayMs, counts }, "message goes back to its place");
    if (tell !== undefined && !this.#told.has(threadId)) {
      this.#told.add(threadId);
      await voice.notice(message, "outage", tell);
    }
    this.#deps.onTurn(message, "waiting");
    await threads.update(threadId, { status: "queued" });
    await incoming.retry(claim, { delayMs, counts, reason });
  }

  async #bury(claim: Claim<IncomingMessage>, { reason, tell }: Burial): Promise<void> {
    const { incoming, threads, voice, log } = this.#deps;
    const { threadId, messageId } = claim.message;
    log.error({ threadId, messageId, reason }, "message buried");
    await voice.failure(claim.message, tell);
    await threads.update(threadId, { status: "idle" });
    await incoming.bury(claim, reason);
  }

  /** A success ends the outage for all topics; only another unavailability prolongs it. */
  #noteOutage(status: Turn["result"]["status"]): void {
    if (status === "unavailable") this.#outages += 1;
    if (status !== "answered") return;
    this.#outages = 0;
    this.#told.clear();
  }

  async #echo(message: IncomingMessage): Promise<void> {
    if (message.chatMessageId !== undefined || message.source === "heartbeat") return;
    const { sourceThreadId } = message;
    const from = sourceThreadId === undefined ? message.sender : `#${this.#deps.threads.nameOf(sourceThreadId)}`;
    await this.#deps.voice.echo(message, from);
  }
}
