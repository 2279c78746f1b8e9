import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import { describeError, isSyncFailure } from "../../core/errors.ts";
import { insist } from "../../core/insist.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Claim, Consumer, RetryOptions } from "../../core/queue/queue.ts";
import type { History, HistoryEntry } from "./history.ts";
import type { Burial, Commit } from "./retry-policy.ts";
import type { ThreadStore } from "./sessions.ts";
import type { Turn } from "./turn.ts";
import type { Voice } from "./voice.ts";

/** Before a message is tried again that a fault of the system, not its own, put back. */
const FAULT_PAUSE_MS = 5_000;
/** Ended before, or the queue is closed: no further try would change that. */
const CLAIM_IS_OVER = ["queue_claim_unknown", "queue_not_open"];

export interface EndingsDeps {
  readonly incoming: Consumer<IncomingMessage>;
  readonly voice: Voice;
  readonly threads: ThreadStore;
  readonly history: History;
  /** While it is full nothing new is begun; what runs goes on to its end. */
  readonly disk: DiskView;
  readonly clock: Clock;
  readonly log: Logger;
  /** A turn begins, or waits for something that may take long. */
  readonly onTurn: (message: IncomingMessage, state: "running" | "waiting") => void;
}

/** The ways a claim can end, each with what the topic, the history and the thread's record are told of it. */
export class Endings {
  readonly #deps: EndingsDeps;
  readonly #closing = new AbortController();
  /** Their answer is durable: they must not run again, whatever comes. */
  readonly #answered = new WeakSet<Claim<IncomingMessage>>();

  constructor(deps: EndingsDeps) {
    this.#deps = deps;
  }

  /** Shows a message in its topic that did not come from there. */
  async echo(message: IncomingMessage): Promise<void> {
    if (message.chatMessageId !== undefined || message.source === "heartbeat") return;
    const { sourceThreadId } = message;
    const from = sourceThreadId === undefined ? message.sender : `#${this.#deps.threads.nameOf(sourceThreadId)}`;
    await this.#deps.voice.echo(message, from);
  }

  /**
   * The answer is durable before the commit, and from then on the message must not run again: what the disk refuses of the
   * history is missing there, and the commit is insisted on. One that a stop overtakes stays in work, and the next start
   * finds its answer.
   */
  async answer(
    claim: Claim<IncomingMessage>,
    { model, decision }: Turn,
    { sessionId, text }: Commit["result"],
  ): Promise<void> {
    const { message } = claim;
    const { voice, incoming, threads, clock } = this.#deps;
    let said: string | undefined;
    await this.#insist(claim, "an answer could not be stored", async () => {
      said = await voice.answer(message, text.trim() === "" ? "(done, with nothing to say)" : text, model);
    });
    if (said === undefined) {
      await this.giveBack(claim, { delayMs: 0, counts: false, reason: "stopped before its answer was stored" });
      return;
    }
    this.#answered.add(claim);
    await this.#recordAnswer({
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
      sessionId,
    });
    await threads.update(message.threadId, { status: "idle", sessionId, lastActive: clock.now() });
    await this.#insist(claim, "an answered message could not be ended", () => incoming.commit(claim));
  }

  async #recordAnswer(entry: HistoryEntry): Promise<void> {
    const { history, disk, log } = this.#deps;
    try {
      await history.record(entry);
    } catch (error) {
      if (isSyncFailure(error)) throw error;
      disk.suspect(error);
      const { threadId, messageId } = entry;
      log.error({ threadId, messageId }, `an answer is missing in the history: ${describeError(error)}`);
    }
  }

  /** One that is answered stays in work. */
  async giveBack(claim: Claim<IncomingMessage>, { delayMs, counts, reason }: RetryOptions): Promise<void> {
    const { incoming, threads, log, onTurn } = this.#deps;
    const { threadId, messageId } = claim.message;
    if (this.#answered.has(claim)) return;
    log.warn({ threadId, messageId, reason, delayMs, counts }, "message goes back to its place");
    onTurn(claim.message, "waiting");
    await threads.update(threadId, { status: "queued" });
    await incoming.retry(claim, { delayMs, counts, reason });
  }

  /** Tells the topic before the burial: a death between them leaves a message that is buried, and told of, again. */
  async bury(claim: Claim<IncomingMessage>, { reason, tell }: Burial): Promise<void> {
    const { incoming, threads, voice, log } = this.#deps;
    const { threadId, messageId } = claim.message;
    log.error({ threadId, messageId, reason }, "message buried");
    await voice.failure(claim.message, tell, claim.firstTried);
    await threads.update(threadId, { status: "idle" });
    await incoming.bury(claim, voice.clean(reason));
  }

  /**
   * A fault outside the turn, such as a full disk: the message goes back to its place and it costs nothing. Ending the
   * worker here would be charged as a crash to every turn that runs. A failed sync ends it all the same: what was
   * written may be gone. So does a fault after the answer: the next start finds that, and nothing runs again.
   */
  async putBack(claim: Claim<IncomingMessage>, error: unknown): Promise<void> {
    if (isSyncFailure(error) || this.#answered.has(claim)) throw error;
    this.#deps.disk.suspect(error);
    const reason = describeError(error);
    const { threadId, messageId } = claim.message;
    this.#deps.log.error({ threadId, messageId, reason }, "a message could not be finished");
    await this.#insist(claim, "a message could not go back to its place", () =>
      this.giveBack(claim, { delayMs: FAULT_PAUSE_MS, counts: false, reason }),
    );
  }

  /** Nothing is tried again any more. */
  close(): void {
    this.#closing.abort();
  }

  /** A disk without room refuses the line of the ledger by which a claim ends, too: again until there is room. */
  async #insist({ message }: Claim<IncomingMessage>, what: string, act: () => Promise<void>): Promise<void> {
    const { clock, disk, log } = this.#deps;
    const { threadId, messageId } = message;
    await insist(act, {
      clock,
      disk,
      log,
      what,
      mark: { threadId, messageId },
      signal: this.#closing.signal,
      pauseMs: () => FAULT_PAUSE_MS,
      final: CLAIM_IS_OVER,
    });
  }

  /** Ended unanswered and not held back: what people write in its thread stands behind it, and the next comes by itself. */
  async leaveOut(claim: Claim<IncomingMessage>): Promise<void> {
    const { incoming, threads, log } = this.#deps;
    const { threadId, messageId } = claim.message;
    log.warn({ threadId, messageId }, "a heartbeat is left out while the disk is short");
    await threads.update(threadId, { status: "idle" });
    await incoming.commit(claim);
  }
}
