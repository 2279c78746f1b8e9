/** What goes wrong between this worker and Telegram. */
import { CodedError, describeError, errorCode, type ErrorDetails } from "../../core/errors.ts";
import { GrammyError, HttpError } from "./grammy.ts";

/**
 * `telegram_unauthorized`: Telegram does not know the bot token; another start would find the same.
 * `telegram_failed`: polling ended on a fault that is not Telegram's.
 * `telegram_stopped`: the worker was asked to stop while something waited; never leaves this folder.
 */
export type TelegramErrorCode = "telegram_unauthorized" | "telegram_failed" | "telegram_stopped";

export class TelegramError extends CodedError<TelegramErrorCode> {}

/** How a caller goes on after a call that failed. */
export type Failure =
  /** Telegram asks to wait that long. */
  | { readonly status: "limited"; readonly waitMs: number }
  /** Telegram or the way there has a fault: the same call may work later. */
  | { readonly status: "unreachable" }
  /** The token is not accepted. */
  | { readonly status: "unauthorized" }
  /** This very call will never be accepted. */
  | { readonly status: "refused"; readonly reason: string }
  /** No answer of Telegram at all: a fault of our own. */
  | { readonly status: "fault" };

/** Waited when Telegram says 429 and not how long, ms. */
const DEFAULT_WAIT_MS = 5_000;

/**
 * Sorts what a call of grammY threw. 404 counts as unreachable: Telegram and proxies before it give it in outages, and
 * a message must not be given up for that. A bot that was muted or put out, and a topic that was closed, are what people
 * undo: the message waits for them.
 */
export function classify(error: unknown): Failure {
  if (error instanceof HttpError) return { status: "unreachable" };
  if (!(error instanceof GrammyError)) return { status: "fault" };
  const { error_code: code, description, parameters } = error;
  if (code === 401) return { status: "unauthorized" };
  if (code === 429) return { status: "limited", waitMs: waitOf(parameters.retry_after) };
  const mayBeLifted = code === 403 || /TOPIC_CLOSED|not enough rights/i.test(description);
  if (code >= 500 || code === 404 || code === 409 || mayBeLifted) return { status: "unreachable" };
  return { status: "refused", reason: `Telegram refuses it (${code}): ${description}` };
}

/** Before a connection stands nothing has been sent. */
const NO_CONNECTION = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Whether a call that failed may have taken effect all the same: Telegram's own answer to it did not come. */
export function mayHaveWorked(error: unknown): boolean {
  return error instanceof HttpError && !NO_CONNECTION.has(errorCode(error.error) ?? "");
}

/** `retry_after` in ms. */
export function waitOf(seconds: number | undefined): number {
  return seconds === undefined ? DEFAULT_WAIT_MS : seconds * 1000;
}

/**
 * One line about an error for a log. grammY's network errors hold the address of the call, and with it the token, in
 * an inner error: of that its code alone is told, and `scrub` removes the token from the rest.
 */
export function explain(error: unknown, scrub: (text: string) => string): string {
  if (!(error instanceof HttpError)) return scrub(describeError(error));
  const code = errorCode(error.error);
  const inner = error.error instanceof Error ? error.error.message : "";
  return scrub(`${error.message} ${code ?? inner}`);
}

/** The fault that ends the worker when the token is not accepted. */
export function unauthorized(details: ErrorDetails = {}): TelegramError {
  return new TelegramError(
    "telegram_unauthorized",
    "Telegram does not accept TELEGRAM_BOT_TOKEN: copy the token that @BotFather gave for your bot, and start again.",
    { details },
  );
}

/**
 * What polling ended on, fit to be thrown to the supervisor: without grammY's error as its cause, which holds the
 * token. 404 comes here from the calls before the first poll alone, for a token of the wrong form.
 */
export function endOfPolling(error: unknown, scrub: (text: string) => string): TelegramError {
  if (error instanceof TelegramError) return error;
  if (error instanceof GrammyError && (error.error_code === 401 || error.error_code === 404)) {
    return unauthorized({ method: error.method, status: error.error_code });
  }
  const reason = explain(error, scrub);
  return new TelegramError(
    "telegram_failed",
    `Polling Telegram ended on a fault of TinyClaw (${reason}): it is safe to start again; report it if it comes back.`,
    { details: { reason } },
  );
}

export function stopped(): TelegramError {
  return new TelegramError("telegram_stopped", "The Telegram worker is stopping.");
}
