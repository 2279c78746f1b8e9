/**
 * Makes grammY's polling outlast what Telegram and the network do to it. grammY ends its loop at a 409, which a
 * restart in the middle of a poll brings for up to a minute, and waits up to 20 minutes before it tries to set up
 * again: here these calls are repeated underneath it, so that a refused token alone reaches it.
 *
 * It also keeps `bot.stop()` honest: that confirms the update it handed out last, handled or not.
 */
import type { Transformer } from "grammy";
import type { ApiResponse } from "grammy/types";
import { backoffMs, type BackoffRule } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import type { Logger } from "../../core/log.ts";
import type { GrammySignal } from "./chat.ts";
import { explain, stopped, waitOf } from "./errors.ts";
import { untilRoom } from "./room.ts";

const PAUSES: BackoffRule = { firstMs: 500, maxMs: 30_000, jitter: 0.2 };
/** Between polls that push each other out: the other poller may be the rest of an earlier life of this one. */
const CONFLICT_PAUSES: BackoffRule = { firstMs: 3_000, maxMs: 30_000, jitter: 0.2 };
/** Of a long pause, ms. */
const SLICE_MS = 30_000;
/** For the last call of all, which saves a second delivery and no more. */
const CONFIRM_MS = 2_000;

export interface PollingDeps {
  readonly log: Logger;
  readonly clock: Clock;
  /** While it is full nothing is fetched, and nothing that was fetched is confirmed. */
  readonly disk: DiskView;
  readonly scrub: (text: string) => string;
  /** Aborts when the worker is asked to stop. */
  readonly stopping: AbortSignal;
  /** Asked once, at the end: the newest update that is fully handled. */
  readonly lastHandled: () => Promise<number | undefined>;
  readonly onPolled: () => void;
  /** A call that polling awaits has ended, well or not, or a pause before the next goes on. */
  readonly onTried: () => void;
}

const PERSISTENT = ["getMe", "deleteWebhook", "getUpdates"];

/** A layer of grammY's client that repeats the calls of polling until they work, or nothing helps. */
export function createPersistence(deps: PollingDeps): Transformer {
  const { log, clock, scrub, stopping } = deps;

  /** Makes one call that grammY awaits, as often as it takes. */
  async function repeat<A extends ApiResponse<unknown>>(method: string, call: () => Promise<A>): Promise<A> {
    for (let failures = 0; ; failures += 1) {
      const outcome = await attempt(call);
      deps.onTried();
      if (stopping.aborted) throw stopped();
      if (outcome.answer !== undefined && isFinal(method, outcome.answer)) {
        if (failures > 0 && outcome.answer.ok) log.info({ method, failures }, "Telegram answers again");
        return outcome.answer;
      }
      const pauseMs = pauseAfter(outcome.answer, failures);
      const fields = { method, reason: outcome.reason, pauseMs, failures: failures + 1 };
      log.warn(fields, "Telegram cannot be polled: trying again");
      await wait(pauseMs);
      if (stopping.aborted) throw stopped();
    }
  }

  /** Telegram may ask for minutes: who waits as told does not hang. */
  async function wait(ms: number): Promise<void> {
    for (let left = ms; left > 0 && !stopping.aborted; left -= SLICE_MS) {
      await clock.sleep(Math.min(left, SLICE_MS), stopping).catch(() => undefined);
      deps.onTried();
    }
  }

  async function attempt<A extends ApiResponse<unknown>>(call: () => Promise<A>): Promise<Attempt<A>> {
    try {
      const answer = await call();
      return { answer, reason: answer.ok ? "" : scrub(`${answer.error_code}: ${answer.description}`) };
    } catch (error) {
      return { answer: undefined, reason: explain(error, scrub) };
    }
  }

  return async (prev, method, payload, signal) => {
    if (!PERSISTENT.includes(method)) return prev(method, payload, signal);
    if (stopping.aborted) {
      const last = method === "getUpdates" ? await deps.lastHandled() : undefined;
      if (last === undefined) throw stopped();
      return prev(method, { ...payload, offset: last + 1 }, AbortSignal.timeout(CONFIRM_MS) as GrammySignal);
    }
    if (method === "getUpdates") await untilRoom(deps);
    const answer = await repeat(method, () => prev(method, payload, stopping as GrammySignal));
    if (method === "getUpdates" && answer.ok) deps.onPolled();
    return answer;
  };
}

interface Attempt<A> {
  /** Undefined when there was none. */
  readonly answer: A | undefined;
  readonly reason: string;
}

/**
 * Whether trying again is of no use: it worked, or the token is refused. 404 to getMe or deleteWebhook is Telegram's
 * word for a token of the wrong form; to a poll it is an outage.
 */
function isFinal(method: string, answer: ApiResponse<unknown>): boolean {
  return answer.ok || answer.error_code === 401 || (answer.error_code === 404 && method !== "getUpdates");
}

function pauseAfter(answer: ApiResponse<unknown> | undefined, failures: number): number {
  const code = answer === undefined || answer.ok ? undefined : answer.error_code;
  if (answer?.ok === false && code === 429) return waitOf(answer.parameters?.retry_after);
  return backoffMs(code === 409 ? CONFLICT_PAUSES : PAUSES, failures, Math.random());
}
