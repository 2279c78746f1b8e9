import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Model } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage, OutgoingMessage } from "../../core/queue/message.ts";
import type { Producer } from "../../core/queue/queue.ts";

/** An echo is a reminder: a message of a megabyte would block its topic with hundreds of posts. UTF-16 units. */
const ECHO_UNITS = 3_000;
/** More than anybody reads in a chat; what the queue does not take at all would never be stored. UTF-16 units. */
const ANSWER_UNITS = 1_000_000;

export interface VoiceDeps {
  readonly outgoing: Producer<OutgoingMessage>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the agents' secrets out of what is said. */
  readonly scrub: (text: string) => string;
  /** The other worker is to look into `outgoing/`. */
  readonly ring: () => void;
}

/**
 * What the bot says in a topic about a message. Each kind of saying has a key made from the message's own, so that a
 * second try of the message says none of it a second time.
 */
export class Voice {
  readonly #deps: VoiceDeps;

  constructor(deps: VoiceDeps) {
    this.#deps = deps;
  }

  /** A text as it may be kept and shown. */
  clean(text: string): string {
    return this.#deps.scrub(text);
  }

  /** Resolves when the answer is durable, with its text as said. */
  async answer(message: IncomingMessage, text: string, model: Model): Promise<string> {
    const whole = shorten(text, ANSWER_UNITS);
    const saying: OutgoingMessage = { ...this.#about(message, "answer", whole), sender: "assistant", model };
    await this.#publish(saying, message.messageId);
    return saying.message;
  }

  /**
   * Says that the message failed for good; durable like an answer, for it ends the message. Said once for all tries
   * since `firstTried`, and again when it fails after an operator put it back.
   */
  async failure(message: IncomingMessage, text: string, firstTried: number): Promise<void> {
    await this.#publish(this.#about(message, "failure", text), `${message.messageId}-failure-${firstTried}`);
  }

  /** Shows in its topic a message that did not come from there. `from`: who wrote it, or which thread. */
  echo(message: IncomingMessage, from: string): Promise<void> {
    return this.#mention(this.#about(message, "echo", `↪ ${from}: ${shorten(message.message, ECHO_UNITS)}`), "echo");
  }

  /** Tells of something on the way, once for each `what` of a message. */
  notice(message: IncomingMessage, what: "outage" | "limit" | "session", text: string): Promise<void> {
    return this.#mention(this.#about(message, "notice", text), what);
  }

  /** Worth saying, not worth failing for. */
  async #mention(saying: OutgoingMessage, what: string): Promise<void> {
    try {
      await this.#publish(saying, `${saying.messageId}-${what}`);
    } catch (error) {
      const fields = { threadId: saying.threadId, messageId: saying.messageId, what };
      this.#deps.log.error(fields, `could not tell the topic: ${describeError(error)}`);
    }
  }

  async #publish(saying: OutgoingMessage, key: string): Promise<void> {
    await this.#deps.outgoing.publish(saying, key);
    this.#deps.ring();
  }

  #about(message: IncomingMessage, kind: NonNullable<OutgoingMessage["kind"]>, text: string): OutgoingMessage {
    return {
      channel: message.channel,
      threadId: message.threadId,
      messageId: message.messageId,
      sender: "tinyclaw",
      message: this.#deps.scrub(text),
      timestamp: this.#deps.clock.now(),
      kind,
      ...(message.chatMessageId === undefined ? {} : { chatMessageId: message.chatMessageId }),
    };
  }
}

function shorten(text: string, units: number): string {
  if (text.length <= units) return text;
  return `${text.slice(0, units).replace(/[\uD800-\uDBFF]$/, "")} … (${text.length} characters in all)`;
}
