import { join } from "node:path";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { JsonlWriter } from "../../core/jsonl.ts";
import type { Model, ThreadId } from "../../core/ids.ts";
import type { RoutingDecision } from "../router/router.ts";

interface Mark {
  /** Epoch ms. */
  readonly timestamp: number;
  readonly threadId: ThreadId;
  readonly messageId: string;
}

/** A line of `routing-log.jsonl`. */
export interface RoutingEntry extends Mark, RoutingDecision {
  readonly input: string;
}

/** A line of `logs/prompts.jsonl`; whole texts. */
export interface PromptEntry extends Mark {
  readonly sessionId?: string;
  readonly model: Model;
  readonly systemPrompt: string;
  readonly userMessage: string;
  readonly prompt: string;
  readonly historyInjected: boolean;
  readonly historyLines: number;
  readonly promptLength: number;
}

/** A line of `activity.jsonl`. */
export interface ActivityEntry extends Mark {
  readonly kind: "turn_start" | "tool_start" | "tool_end" | "text" | "turn_end" | "error";
  readonly tool?: string;
  readonly toolUseId?: string;
  readonly detail?: string;
  readonly ms?: number;
  readonly usage?: object;
  readonly costUsd?: number;
}

/**
 * What the queue worker writes down for the operator to read. One writer a file. A line that cannot be written is said
 * in the log and gone: no message is worth less for it.
 */
export class Journal {
  readonly #log: Logger;
  readonly #scrub: (text: string) => string;
  readonly #routing: JsonlWriter;
  readonly #prompts: JsonlWriter;
  readonly #activity: JsonlWriter;

  private constructor(
    log: Logger,
    scrub: (text: string) => string,
    routing: JsonlWriter,
    prompts: JsonlWriter,
    activity: JsonlWriter,
  ) {
    this.#log = log;
    this.#scrub = scrub;
    this.#routing = routing;
    this.#prompts = prompts;
    this.#activity = activity;
  }

  /** `scrub` takes the agents' secrets out of what their tools print. */
  static async open(dir: string, log: Logger, scrub: (text: string) => string): Promise<Journal> {
    const open = (...path: string[]): Promise<JsonlWriter> => JsonlWriter.open(join(dir, ...path), { durable: false });
    return new Journal(
      log,
      scrub,
      await open("routing-log.jsonl"),
      await open("logs", "prompts.jsonl"),
      await open("activity.jsonl"),
    );
  }

  routing(entry: RoutingEntry): Promise<void> {
    return this.#write(this.#routing, entry);
  }

  prompt(entry: PromptEntry): Promise<void> {
    return this.#write(this.#prompts, entry);
  }

  activity(entry: ActivityEntry): Promise<void> {
    const { detail } = entry;
    return this.#write(this.#activity, detail === undefined ? entry : { ...entry, detail: this.#scrub(detail) });
  }

  async #write(writer: JsonlWriter, entry: RoutingEntry | PromptEntry | ActivityEntry): Promise<void> {
    try {
      await writer.append(entry);
    } catch (error) {
      const { threadId, messageId } = entry;
      const fields = { path: writer.path, threadId, messageId };
      this.#log.error(fields, `a line could not be written: ${describeError(error)}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#routing.close(), this.#prompts.close(), this.#activity.close()]);
  }
}
