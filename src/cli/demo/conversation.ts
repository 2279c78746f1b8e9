import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "../../core/zod.ts";
import { systemClock } from "../../core/clock.ts";
import { GENERAL_THREAD } from "../../core/ids.ts";
import type { Call } from "../../sandbox/telegram/telegram.ts";
import type { Stage } from "./stage.ts";

const sentSchema = z.looseObject({
  message_id: z.number(),
  text: z.string(),
  message_thread_id: z.number().optional(),
});
const modelsSchema = z.record(z.string(), z.string());
/** The model of a message is written down just after it was sent. */
const MODEL_PATIENCE_MS = 3_000;

interface Waiting {
  readonly topic: string;
  readonly settle: (answered: boolean) => void;
}

/** The forum group as a person sees it, a line each message. */
export class Conversation {
  readonly #stage: Stage;
  readonly #topics = new Map<string, number>([["General", GENERAL_THREAD]]);
  readonly #user: ReturnType<Stage["telegram"]["addUser"]>;
  readonly #print: (line: string) => void;
  #waiting: Waiting[] = [];
  #printing: Promise<void> = Promise.resolve();

  constructor(stage: Stage, topics: readonly string[], print: (line: string) => void) {
    this.#stage = stage;
    this.#print = print;
    this.#user = stage.telegram.addUser({ firstName: "You" });
    for (const topic of topics) this.#topics.set(topic, stage.telegram.createTopic(topic));
    stage.telegram.on("call", (call: Call) => {
      if (call.method !== "sendMessage" || call.status !== 200) return;
      this.#printing = this.#printing.then(() => this.#show(call));
    });
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** Says something as the user. `quiet`: the terminal shows it already. */
  say(topic: string, text: string, options: { quiet?: boolean } = {}): void {
    const threadId = this.#topics.get(topic) ?? GENERAL_THREAD;
    if (options.quiet !== true) this.#print(`#${topic} You: ${text}`);
    this.#stage.telegram.sendText(threadId, this.#user, text);
  }

  /** Resolves true at the next answer of a model in the topic, false when the signal aborts first. */
  answerIn(topic: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiting.push({ topic, settle });
      signal.addEventListener("abort", () => settle(false), { once: true });
    });
  }

  async #show(call: Call): Promise<void> {
    const sent = sentSchema.safeParse(call.result);
    if (!sent.success) return;
    const threadId = sent.data.message_thread_id ?? GENERAL_THREAD;
    const topic = [...this.#topics].find(([, id]) => id === threadId)?.[0] ?? String(threadId);
    const fromThread = sent.data.text.startsWith("↪");
    const model = fromThread ? undefined : await this.#modelOf(sent.data.message_id);
    this.#print(`#${topic} ${model ?? "tinyclaw"}: ${sent.data.text}`);
    if (model === undefined) return;
    const index = this.#waiting.findIndex((waiting) => waiting.topic === topic);
    if (index !== -1) this.#waiting.splice(index, 1)[0]?.settle(true);
  }

  /** The model that wrote a message of the bot, from the bot's own record; undefined when it was none. */
  async #modelOf(messageId: number): Promise<string | undefined> {
    const until = Date.now() + MODEL_PATIENCE_MS;
    while (Date.now() < until) {
      const model = await this.#lookUp(messageId);
      if (model !== undefined) return model;
      await systemClock.sleep(20);
    }
    return undefined;
  }

  async #lookUp(messageId: number): Promise<string | undefined> {
    try {
      const text = await readFile(join(this.#stage.dir, "message-models.json"), "utf8");
      return modelsSchema.parse(JSON.parse(text))[String(messageId)];
    } catch {
      return undefined;
    }
  }
}
