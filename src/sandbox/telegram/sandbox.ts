import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import { TelegramSandboxError } from "./errors.ts";
import { Faults } from "./faults.ts";
import type { Order } from "./faults.ts";
import { ForumSide } from "./forum.ts";
import { Listener } from "../listener.ts";
import { CommandLists } from "./methods/command-lists.ts";
import type { Command } from "./methods/command-lists.ts";
import { CallRecord } from "./record.ts";
import type { Call } from "./record.ts";
import { serve } from "./server.ts";
import type { Message } from "./types.ts";
import { waitUntil } from "./wait.ts";
import type { Standing } from "./world.ts";

export interface TelegramSandboxOptions {
  /** `<id of the bot>:<anything>`. */
  readonly token?: string;
  readonly chatId?: number;
  readonly botUsername?: string;
  /** The address to listen on, loopback by default. */
  readonly host?: string;
  readonly clock?: Clock;
}

export interface WaitOptions {
  /** 5000 by default. */
  readonly timeoutMs?: number;
}

const DEFAULT_TOKEN = "700000001:sandbox-token-of-no-real-bot";
const DEFAULT_CHAT = -1000000000001;
const WAIT_MS = 5000;

/** The whole stand-in. Its state outlives stop and start, which come back on the same port. */
export class TelegramSandbox extends ForumSide {
  readonly token: string;
  readonly #faults = new Faults();
  readonly #commands = new CommandLists();
  readonly #record = new CallRecord((call) => this.emit("call", call));
  readonly #listener: Listener;

  constructor(options: TelegramSandboxOptions = {}) {
    const clock = options.clock ?? systemClock;
    const token = options.token ?? DEFAULT_TOKEN;
    const botUsername = options.botUsername ?? "sandbox_bot";
    super({ token, chatId: options.chatId ?? DEFAULT_CHAT, botUsername, clock });
    this.token = token;
    const { world, updates, files, callbackQueries } = this;
    const backend = { world, updates, files, callbackQueries, commands: this.#commands };
    const parts = { token, backend, faults: this.#faults, record: this.#record, clock };
    this.#listener = new Listener(
      (request, response) => {
        serve(parts, request, response).catch(() => response.destroy());
      },
      { host: options.host },
    );
  }

  /** On a free port the first time, on the same port later, unless told otherwise. */
  async start(port?: number): Promise<void> {
    await this.#listener.start(port);
  }

  /** Cuts every connection. Updates that were not confirmed are still there after the next start. */
  async stop(): Promise<void> {
    await this.#listener.stop();
  }

  /** For `apiRoot`. */
  get url(): string {
    const { host, port } = this.#listener;
    if (port !== 0) return `http://${host}:${port}`;
    throw new TelegramSandboxError("telegram_not_started", "the sandbox has no address yet; await start() first");
  }

  /** Changes what the bot is in the group, or the group to Telegram; what is left out stays. */
  setStanding(change: Partial<Standing>): void {
    this.world.standing = { ...this.world.standing, ...change };
  }

  /** Orders a fault; the returned function lifts it. */
  order(order: Order): () => void {
    return this.#faults.add(order);
  }

  /** Lifts every fault. */
  clearOrders(): void {
    this.#faults.clear();
  }

  /** Every call that has ended, in that order. */
  get calls(): readonly Call[] {
    return this.#record.calls;
  }

  /** Updates that no poll has confirmed. */
  get pendingUpdates(): number {
    return this.updates.pendingCount;
  }

  /** The commands the bot set, for the default scope or that of `scope`. */
  commands(scope?: object, language?: string): readonly Command[] {
    return this.#commands.get(scope, language);
  }

  /**
   * The first call that ended and is wanted, whatever its status: a method's name, or a predicate. `after` leaves out
   * calls up to that index.
   */
  waitFor(
    wanted: string | ((call: Call) => boolean),
    { timeoutMs = WAIT_MS, after = -1 }: WaitOptions & { readonly after?: number } = {},
  ): Promise<Call> {
    const matches = typeof wanted === "string" ? (call: Call): boolean => call.method === wanted : wanted;
    return waitUntil({
      listen: (listener) => {
        this.on("call", listener);
        return () => this.off("call", listener);
      },
      seen: () => this.#lastCalls(),
      what: typeof wanted === "string" ? wanted : "a call",
      timeoutMs,
      present: this.calls,
      wanted: (call) => call.index > after && matches(call),
    });
  }

  /** The first message of a topic, as it stands now or comes to stand, that is wanted. Anybody's, no service messages. */
  waitForMessage(
    topicId: number,
    wanted: (message: Message) => boolean,
    { timeoutMs = WAIT_MS }: WaitOptions = {},
  ): Promise<Message> {
    return waitUntil({
      listen: (listener) => {
        this.on("message", listener);
        return () => this.off("message", listener);
      },
      seen: () => this.#lastCalls(),
      what: `a message in topic ${topicId}`,
      timeoutMs,
      present: this.messages(topicId),
      wanted: (message) => this.messages(topicId).includes(message) && wanted(message),
    });
  }

  /** Resolves when a poll waits: the bot is there and has nothing left to fetch. */
  async waitForPoll({ timeoutMs = WAIT_MS }: WaitOptions = {}): Promise<void> {
    await waitUntil({
      what: "a poll that waits",
      timeoutMs,
      present: [this.updates.waiting],
      wanted: (waiting) => waiting,
      listen: (listener) => {
        const onPoll = (): void => listener(true);
        this.on("poll", onPoll);
        return () => this.off("poll", onPoll);
      },
      seen: () => this.#lastCalls(),
    });
  }

  #lastCalls(): string {
    const last = this.calls
      .slice(-8)
      .map(({ method, status, description }) => `${method} ${status} ${description ?? ""}`);
    return last.map((line) => line.trim()).join(", ") || "no call";
  }
}
