import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { z } from "../../core/zod.ts";
import { backoffMs } from "../../core/backoff.ts";
import type { BackoffRule } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Secret } from "../../core/secrets.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";
import type { Followed } from "./lines.ts";

export interface Wanted {
  readonly topic: Followed;
  /** Where to begin at first: `tail:N` or `now`. */
  readonly from: string;
  readonly filter: Readonly<Record<string, unknown>>;
}

export interface FollowOptions {
  /** `http://host:port` */
  readonly url: string;
  readonly token: Secret | undefined;
  readonly wanted: readonly Wanted[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** False: stop sending until `drained` resolves. */
  readonly onRows: (topic: Followed, rows: readonly unknown[]) => boolean;
  readonly onGap: (topic: Followed, reason: string, bytes: number) => void;
  readonly onNames: (names: ReadonlyMap<number, string>) => void;
  /** Something about the connection that whoever watches should know. */
  readonly onNote: (text: string) => void;
  readonly drained: () => Promise<void>;
}

const frameSchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("welcome") }),
  z.looseObject({ type: z.literal("rows"), id: z.string(), last: z.string(), rows: z.array(z.unknown()) }),
  z.looseObject({ type: z.literal("gap"), id: z.string(), to: z.string(), bytes: z.number(), reason: z.string() }),
  z.looseObject({ type: z.literal("live"), id: z.string(), cursor: z.string().nullable() }),
  z.looseObject({ type: z.literal("state"), data: z.unknown() }),
  z.looseObject({
    type: z.literal("error"),
    id: z.string().optional(),
    message: z.string(),
    closed: z.boolean().optional(),
  }),
  z.looseObject({ type: z.literal("pong") }),
]);
type Frame = z.infer<typeof frameSchema>;

const threadsSchema = z.looseObject({
  threads: z.array(z.looseObject({ id: z.number(), name: z.string().optional().catch(undefined) })),
});

const PROTOCOL = "tinyclaw.v1";
const STATUS = "status";
const PAUSES: BackoffRule = { firstMs: 500, maxMs: 10_000, jitter: 0.2 };
const PING_MS = 20_000;
/** Without any frame for so long the other end is gone, ms. */
const SILENT_MS = 60_000;
const HANDSHAKE_MS = 10_000;
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_CHARS = 4_096;

/**
 * Follows the dashboard until the signal aborts. A connection that is lost is opened anew, and each topic goes on after
 * the last row that came. Throws `dashboard_refused` when the first connection fails, or any is turned away.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const places = new Map<string, string>(options.wanted.map(({ topic, from }) => [topic, from]));
  for (let failures = 0, first = true; !options.signal.aborted; failures += 1) {
    const connection = new Connection(options, places);
    const end = await connection.run();
    if (options.signal.aborted) return;
    if (first && !end.wasOpen) throw refused(options.url, end.reason);
    if (end.wasOpen) failures = 0;
    if (failures === 0) options.onNote(`connection lost (${end.reason}); trying again`);
    first = false;
    const pause = backoffMs(PAUSES, failures, Math.random());
    await options.clock.sleep(pause, options.signal).catch(() => undefined);
  }
}

interface End {
  readonly wasOpen: boolean;
  readonly reason: string;
}

/** connecting ─ welcome ─► open: asks for the threads' names, then, when they are there, for the rows ─► ended */
class Connection {
  readonly #options: FollowOptions;
  /** Where each topic goes on. */
  readonly #places: Map<string, string>;
  readonly #socket: WebSocket;
  #wasOpen = false;
  #isSubscribed = false;
  #reason = "closed";
  #refusal: CliError | undefined;
  #heardAt: number;

  constructor(options: FollowOptions, places: Map<string, string>) {
    this.#options = options;
    this.#places = places;
    this.#heardAt = options.clock.monotonic();
    const { url, token } = options;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
    this.#socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`, PROTOCOL, {
      headers: { origin: url, ...authorization },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
    });
  }

  /** Resolves when it has ended. Throws `dashboard_refused`. */
  async run(): Promise<End> {
    const { signal, clock } = this.#options;
    const leave = (): void => {
      this.#socket.terminate();
    };
    signal.addEventListener("abort", leave, { once: true });
    let cancel = (): void => undefined;
    const beat = (): void => {
      this.#beat();
      cancel = clock.after(PING_MS, beat);
    };
    cancel = clock.after(PING_MS, beat);
    try {
      await this.#ended();
    } finally {
      cancel();
      signal.removeEventListener("abort", leave);
    }
    if (this.#refusal !== undefined) throw this.#refusal;
    return { wasOpen: this.#wasOpen, reason: this.#reason };
  }

  #ended(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      socket.on("message", (data: Buffer) => {
        this.#onText(data.toString("utf8"));
      });
      socket.on("unexpected-response", (_request, response) => {
        void this.#onAnswer(response).finally(() => {
          socket.terminate();
        });
      });
      socket.on("error", (error) => {
        this.#reason = describeError(error);
      });
      socket.on("close", (code, reason) => {
        if (code !== 1006) this.#reason = `${code} ${onOneLine(reason.toString("utf8"))}`.trim();
        resolve();
      });
    });
  }

  /** An HTTP answer in place of the WebSocket: it will be the same the next time. */
  async #onAnswer(response: IncomingMessage): Promise<void> {
    let body = "";
    response.setEncoding("utf8");
    try {
      for await (const part of response) if (body.length < MAX_ANSWER_CHARS) body += String(part);
    } catch {
      // What came of it is enough.
    }
    const { statusCode = 0 } = response;
    const said = answerSchema.safeParse(parseJson(body)).data?.message;
    const hint = statusCode === 401 ? " Set DASHBOARD_TOKEN, here and at the dashboard." : "";
    const message = `status ${statusCode}${said === undefined ? "" : `: ${onOneLine(said)}`}${hint}`;
    this.#reason = message;
    // A proxy or a dashboard that is just coming up may be well in a moment.
    if (statusCode < 500) this.#refusal = refused(this.#options.url, message);
  }

  #onText(text: string): void {
    this.#heardAt = this.#options.clock.monotonic();
    const frame = frameSchema.safeParse(parseJson(text)).data;
    if (frame !== undefined) this.#onFrame(frame);
  }

  #onFrame(frame: Frame): void {
    const { onGap, onNames, onNote } = this.#options;
    switch (frame.type) {
      case "welcome":
        this.#wasOpen = true;
        this.#say({ type: "subscribe", id: STATUS, topic: STATUS, from: "now" });
        return;
      case "state":
        onNames(namesIn(frame.data));
        this.#subscribe();
        return;
      case "rows":
        this.#places.set(frame.id, frame.last);
        this.#show(frame.id, frame.rows);
        return;
      case "gap":
        this.#places.set(frame.id, frame.to);
        this.#of(frame.id, (topic) => {
          onGap(topic, frame.reason, frame.bytes);
        });
        return;
      case "live":
        // An empty history has no place yet; it is all new to us.
        this.#places.set(frame.id, frame.cursor ?? "tail:1000");
        return;
      case "error":
        onNote(`the dashboard says: ${onOneLine(frame.message)}`);
        if (frame.id === STATUS) this.#subscribe();
        else if (frame.closed === true && frame.id !== undefined) this.#places.set(frame.id, "now");
        return;
      case "pong":
        return;
    }
  }

  /** Once a connection, when the names are there or cannot be had. */
  #subscribe(): void {
    if (this.#isSubscribed) return;
    this.#isSubscribed = true;
    for (const { topic, filter } of this.#options.wanted) {
      this.#say({ type: "subscribe", id: topic, topic, from: this.#places.get(topic) ?? "now", filter });
    }
  }

  #show(id: string, rows: readonly unknown[]): void {
    this.#of(id, (topic) => {
      const { onRows, drained } = this.#options;
      if (onRows(topic, rows)) return;
      void this.#pauseUntil(drained());
    });
  }

  async #pauseUntil(drained: Promise<void>): Promise<void> {
    this.#socket.pause();
    await drained;
    this.#heardAt = this.#options.clock.monotonic();
    this.#socket.resume();
  }

  #of(id: string, task: (topic: Followed) => void): void {
    const found = this.#options.wanted.find(({ topic }) => topic === id);
    if (found !== undefined) task(found.topic);
  }

  #beat(): void {
    const { clock } = this.#options;
    const isSilent = clock.monotonic() - this.#heardAt > SILENT_MS && !this.#socket.isPaused;
    if (isSilent) {
      this.#reason = "nothing came for a minute";
      this.#socket.terminate();
      return;
    }
    this.#say({ type: "ping", t: Math.round(clock.now()) });
  }

  #say(frame: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

const answerSchema = z.looseObject({ message: z.string() });

function namesIn(data: unknown): Map<number, string> {
  const threads = threadsSchema.safeParse(data).data?.threads ?? [];
  return new Map(threads.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refused(url: string, reason: string): CliError {
  const remedy = "Does it run (./tinyclaw.sh status), and are DASHBOARD_HOST and DASHBOARD_PORT those it listens on?";
  return new CliError("dashboard_refused", `The dashboard on ${url} cannot be followed: ${reason}. ${remedy}`);
}
