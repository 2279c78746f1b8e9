/**
 * Posts what the queue holds for the chat: topics side by side, the messages of a topic one after another, the chunks
 * of a message in order. Every message ends in the queue's commit, retry or bury:
 *
 *   posted whole                                  → commit
 *   Telegram asks to wait, is away, or failed     → retry, from the first chunk not yet posted
 *   Telegram will never take it                   → bury
 *   Telegram does not know the token              → retry, and the worker ends
 *
 * Each chunk is written down before it goes out and when it is there (`deliveries`), so that after a kill an answer goes
 * on where it was. The Bot API has no way to ask whether a call without an answer took effect: such a chunk is sent again
 * and says that it may be a repeat.
 */
import { backoffMs, type BackoffRule } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import { describeError, isSyncFailure } from "../../core/errors.ts";
import { insist } from "../../core/insist.ts";
import type { Logger } from "../../core/log.ts";
import { postedIn, type OutgoingMessage } from "../../core/queue/message.ts";
import type { Claim, Consumer } from "../../core/queue/queue.ts";
import type { Chat } from "./chat.ts";
import { chunkId } from "./deliveries.ts";
import type { Deliveries } from "./deliveries.ts";
import { classify, explain, mayHaveWorked, unauthorized, type Failure } from "./errors.ts";
import type { ModelStore } from "./model-store.ts";
import type { Presence } from "./presence.ts";
import { MESSAGE_MAX, splitText } from "./split.ts";
import { within } from "./within.ts";

/** Pauses between tries while Telegram cannot be reached. */
const AWAY: BackoffRule = { firstMs: 1_000, maxMs: 60_000, jitter: 0.2 };
/** Pauses while the queue itself cannot be written or read. */
const QUEUE_AWAY: BackoffRule = { firstMs: 200, maxMs: 10_000, jitter: 0.2 };
/** Ended before, or the queue is closed: no further try would change that. */
const CLAIM_IS_OVER = ["queue_claim_unknown", "queue_not_open"];
/** For a call to end that was cut off. */
const CUT_GRACE_MS = 500;
/** Stand before a chunk of which nobody can know whether it is in the chat already: a start or a call cut it off. */
const REPEATED = "↻ repeated after a restart\n";
const RESENT = "↻ repeated after an error\n";
/** What stands in `deliveries` for the word to the topic that a message could not be posted. */
const TOLD = "told";
/** Tries of a message that fails by a fault of our own, before it is put aside. */
const FAULTS_MAX = 5;

export interface OutboxDeps {
  readonly consumer: Consumer<OutgoingMessage>;
  readonly deliveries: Deliveries;
  readonly chat: Chat;
  readonly presence: Presence;
  readonly models: ModelStore;
  readonly log: Logger;
  readonly clock: Clock;
  readonly disk: DiskView;
  readonly scrub: (text: string) => string;
  /** Called when the worker has to end: Telegram does not accept the token, or the disk lost what was written. */
  readonly onFault: (fault: unknown) => void;
}

export interface Outbox {
  /** Opens the consumer and starts to post. */
  start(): Promise<void>;
  /** Takes up nothing more, waits at most `graceMs` for what is being posted, closes the consumer. */
  stop(graceMs: number): Promise<void>;
  /** Messages being posted. */
  inFlight(): number;
}

/** How far a message has come, over its tries in this process. */
interface Progress {
  readonly lane: number;
  readonly chunks: readonly string[];
  /** Chunks of which a try had no answer. */
  readonly doubtful: Set<string>;
  /** Tries in a row that did not reach Telegram. */
  away: number;
}

type Delivery = { readonly status: "posted" } | { readonly status: "paused"; readonly waitMs: number } | Failed;
type Failed = { readonly status: "failed"; readonly error: unknown };

export function createOutbox(deps: OutboxDeps): Outbox {
  const { consumer, deliveries, chat, presence, models, log, clock, disk, scrub } = deps;
  const running = new Set<Promise<void>>();
  const progress = new Map<string, Progress>();
  /** No more claims. */
  const stopping = new AbortController();
  /** The time for what is under way is over too. */
  const cutting = new AbortController();
  let pumping = false;
  let asked = false;
  /** Telegram counts a forum as one chat: a pause it asks for holds for every topic (monotonic). */
  let closedUntil = 0;

  async function pump(): Promise<void> {
    asked = true;
    if (pumping) return;
    pumping = true;
    while (asked && !stopping.signal.aborted) {
      asked = false;
      try {
        await untilDone("claim", claimAll, stopping.signal);
      } catch (error) {
        log.error({ error: describeError(error) }, "outgoing messages cannot be taken up");
      }
    }
    pumping = false;
  }

  async function claimAll(): Promise<void> {
    while (!stopping.signal.aborted) {
      const claim = await consumer.claim();
      if (claim === undefined) forgetTakenAway();
      // One that came too late stays open in the queue, for the next start.
      if (claim === undefined || stopping.signal.aborted) return;
      const work = post(claim).catch((error: unknown) => {
        log.error(
          { ...markOf(claim), error: describeError(error) },
          "outgoing message could not be ended in the queue",
        );
      });
      running.add(work);
      void work.then(() => {
        running.delete(work);
        return pump();
      });
    }
  }

  /** A message that waits for its next try may be taken away by hand: no claim tells of that. */
  function forgetTakenAway(): void {
    const lanes = consumer.lanes();
    for (const [key, { lane }] of progress) if (!lanes.has(lane)) progress.delete(key);
  }

  async function post(claim: Claim<OutgoingMessage>): Promise<void> {
    const { key, message } = claim;
    const state = progress.get(key) ?? {
      lane: claim.lane,
      chunks: splitText(message.message, MESSAGE_MAX - REPEATED.length),
      away: 0,
      doubtful: new Set<string>(),
    };
    progress.set(key, state);
    const ends = endsTurn(message);
    if (ends) presence.settle(message.messageId);
    const delivery = await deliver(claim, state);
    if (delivery.status === "posted") {
      if (ends) presence.finish(message);
      if (state.chunks.length === 0) log.warn(markOf(claim), "outgoing message has no text: nothing was posted");
      await untilDone("commit", () => consumer.commit(claim), cutting.signal, claim);
      progress.delete(key);
      if (!cutting.signal.aborted) deliveries.forget(key);
      return;
    }
    if (delivery.status === "paused") {
      await retry(claim, delivery.waitMs, "the chat is paused by Telegram");
      return;
    }
    await fail(claim, state, delivery.error);
  }

  async function deliver(claim: Claim<OutgoingMessage>, state: Progress): Promise<Delivery> {
    const { key, message } = claim;
    for (const [place, text] of state.chunks.entries()) {
      const chunk = chunkId(place, text);
      const known = deliveries.stateOf(key, chunk);
      if (known === "sent") continue;
      const waitMs = closedUntil - clock.monotonic();
      if (waitMs > 0) return { status: "paused", waitMs };
      await untilDone("delivery", () => deliveries.intend(key, chunk), cutting.signal, claim);
      if (cutting.signal.aborted) return { status: "failed", error: cutting.signal.reason };
      let id: number;
      try {
        const mark = repeatMark(known === "interrupted", state.doubtful.has(chunk));
        id = await chat.send(postedIn(message), mark + text, cutting.signal);
      } catch (error) {
        if (mayHaveWorked(error)) state.doubtful.add(chunk);
        // A refusal says of this try alone that it is not there.
        else if (known !== "interrupted" && !state.doubtful.has(chunk)) deliveries.refused(key, chunk);
        return { status: "failed", error };
      }
      await untilDone("delivery", () => deliveries.posted(key, chunk, id), cutting.signal, claim);
      state.away = 0;
      if (message.model !== undefined) models.record(id, message.model);
    }
    return { status: "posted" };
  }

  function isPosted(key: string, place: number, text: string): boolean {
    return deliveries.stateOf(key, chunkId(place, text)) === "sent";
  }

  async function fail(claim: Claim<OutgoingMessage>, state: Progress, error: unknown): Promise<void> {
    if (cutting.signal.aborted) return;
    const failure = classify(error);
    const fields = {
      ...markOf(claim),
      posted: state.chunks.filter((text, place) => isPosted(claim.key, place, text)).length,
      error: explain(error, scrub),
    };
    switch (failure.status) {
      case "limited":
        closedUntil = Math.max(closedUntil, clock.monotonic() + failure.waitMs);
        presence.pause(failure.waitMs);
        log.warn({ ...fields, waitMs: failure.waitMs }, "Telegram asks to wait: outgoing messages pause");
        await retry(claim, failure.waitMs, fields.error);
        return;
      case "unreachable": {
        const delayMs = backoffMs(AWAY, state.away, Math.random());
        state.away += 1;
        log.warn({ ...fields, delayMs }, "outgoing message did not reach Telegram: trying again");
        await retry(claim, delayMs, fields.error);
        return;
      }
      case "unauthorized":
        stopping.abort();
        await retry(claim, AWAY.firstMs, fields.error);
        deps.onFault(unauthorized());
        return;
      default:
        await giveUp(claim, failure, fields);
    }
  }

  async function giveUp(
    claim: Claim<OutgoingMessage>,
    failure: Failure & { status: "refused" | "fault" },
    fields: { readonly error: string },
  ): Promise<void> {
    if (failure.status === "fault" && claim.failures + 1 < FAULTS_MAX) {
      log.error(fields, "outgoing message failed: trying again");
      const delayMs = backoffMs(AWAY, claim.failures, Math.random());
      await untilDone(
        "retry",
        () => consumer.retry(claim, { delayMs, counts: true, reason: fields.error }),
        cutting.signal,
        claim,
      );
      return;
    }
    const reason = failure.status === "refused" ? scrub(failure.reason) : fields.error;
    log.error(fields, "outgoing message cannot be posted: put aside");
    await tell(claim, reason);
    await untilDone("bury", () => consumer.bury(claim, reason), cutting.signal, claim);
    progress.delete(claim.key);
    // One that is put back by hand, and refused again, is told of again.
    if (!cutting.signal.aborted) deliveries.refused(claim.key, TOLD);
  }

  /**
   * Worth saying, not worth trying twice: where one message is refused, as in a topic that is gone, this one may be too. A
   * kill before the burial lets the message come here once more, when it was told already.
   */
  async function tell(claim: Claim<OutgoingMessage>, reason: string): Promise<void> {
    const { key, message } = claim;
    const { threadId, messageId } = message;
    const known = deliveries.stateOf(key, TOLD);
    if (known === "sent") return;
    await untilDone("delivery", () => deliveries.intend(key, TOLD), cutting.signal, claim);
    const text = `⚠️ A message of mine could not be posted here (${reason.slice(0, 500)}). It lies in queue/dead-letter.`;
    let id: number;
    try {
      id = await chat.send(threadId, repeatMark(known === "interrupted", false) + text, cutting.signal);
    } catch (error) {
      if (known !== "interrupted" && !mayHaveWorked(error)) deliveries.refused(key, TOLD);
      log.warn({ threadId, messageId, error: scrub(describeError(error)) }, "the topic could not be told of it");
      return;
    }
    await untilDone("delivery", () => deliveries.posted(key, TOLD, id), cutting.signal, claim);
  }

  async function retry(claim: Claim<OutgoingMessage>, delayMs: number, reason: string): Promise<void> {
    await untilDone("retry", () => consumer.retry(claim, { delayMs, counts: false, reason }), cutting.signal, claim);
  }

  /** Does `act` again until it works or `signal` says to leave it: a claim that is not ended would hold its topic up. */
  async function untilDone(
    what: string,
    act: () => Promise<void>,
    signal: AbortSignal,
    claim?: Claim<OutgoingMessage>,
  ): Promise<void> {
    if (signal.aborted) return;
    try {
      await insist(act, {
        clock,
        disk,
        log,
        what: `outgoing queue: ${what} failed`,
        mark: claim === undefined ? {} : markOf(claim),
        signal,
        pauseMs: (failures) => backoffMs(QUEUE_AWAY, failures, Math.random()),
        final: CLAIM_IS_OVER,
      });
    } catch (error) {
      if (isSyncFailure(error)) {
        stopping.abort();
        deps.onFault(error);
      }
      throw error;
    }
  }

  return {
    async start() {
      await consumer.open();
      consumer.onReady(() => void pump());
      void pump();
    },
    async stop(graceMs) {
      stopping.abort();
      if (!(await within(Promise.all(running), graceMs, clock))) {
        cutting.abort();
        await within(Promise.all(running), CUT_GRACE_MS, clock);
      }
      await consumer.close();
    },
    inFlight: () => running.size,
  };
}

/** Whether the message ends the turn it belongs to. One that does not say is an answer, as in older files. */
function endsTurn(message: OutgoingMessage): boolean {
  return message.kind === undefined || message.kind === "answer" || message.kind === "failure";
}

function repeatMark(isInterrupted: boolean, isDoubtful: boolean): string {
  if (isInterrupted) return REPEATED;
  return isDoubtful ? RESENT : "";
}

/** What a log line says of a message. */
function markOf({ key, message }: Claim<OutgoingMessage>) {
  return { key, threadId: postedIn(message), messageId: message.messageId };
}
