import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import { eventually } from "../../support/eventually.ts";
import type { Item } from "./rig.ts";

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly topic?: string;
  readonly topics?: readonly string[];
  readonly code?: string;
  readonly message?: string;
  readonly rows?: readonly Item[];
  readonly first?: string;
  readonly last?: string;
  readonly cursor?: string | null;
  readonly reason?: string;
  readonly rev?: number;
  readonly t?: number;
  readonly data?: Record<string, unknown>;
}

export interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined: the dashboard's own; null: none. */
  readonly origin?: string | null;
  readonly protocol?: string;
  readonly path?: string;
}

/** One WebSocket and all it was sent. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #code: number | undefined;

  constructor(url: string, options: ConnectOptions = {}) {
    const { headers = {}, origin = url, protocol = "tinyclaw.v1", path = "/ws" } = options;
    const sent = origin === null ? headers : { origin, ...headers };
    this.socket = new WebSocket(`${url.replace("http", "ws")}${path}`, protocol, { headers: sent });
    this.socket.on("error", () => undefined);
    this.socket.on("message", (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString("utf8")) as Frame);
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => {
        this.#code = code;
        resolve({ code, reason: reason.toString("utf8") });
      });
    });
  }

  say(frame: object | string): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  subscribe(id: string, topic: string, from = "now", filter?: object): void {
    this.say({ type: "subscribe", id, topic, from, filter });
  }

  of(type: string, id?: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type && (id === undefined || frame.id === id));
  }

  rows(id: string): Item[] {
    return this.of("rows", id).flatMap(({ rows = [] }) => rows);
  }

  /** The first frame that is so, once it is there. */
  frame(what: string, isIt: (frame: Frame) => boolean): Promise<Frame> {
    return eventually(what, () => this.frames.find(isIt));
  }

  /** Waits for a frame that is so, or for the end; answers the code of the latter. */
  async closedOr(what: string, isIt: (frame: Frame) => boolean): Promise<number | undefined> {
    await eventually(what, () => this.#code ?? this.frames.find(isIt));
    return this.#code;
  }

  /** Waits for so many rows of a subscription. */
  async received(id: string, count: number): Promise<Item[]> {
    return eventually(`${count} rows of ${id}`, () => {
      const rows = this.rows(id);
      return rows.length >= count ? rows : undefined;
    });
  }
}

/** Open, and greeted. */
export async function connect(t: TestContext, url: string, options: ConnectOptions = {}): Promise<SocketClient> {
  const client = new SocketClient(url, options);
  t.after(() => client.socket.terminate());
  await once(client.socket, "open");
  await client.frame("the welcome", ({ type }) => type === "welcome");
  return client;
}

/** Status and code of an upgrade that is refused. */
export async function refusedUpgrade(url: string, options: ConnectOptions = {}): Promise<[number, string]> {
  const { socket } = new SocketClient(url, options);
  const outcome = await Promise.race([
    once(socket, "unexpected-response") as Promise<[unknown, IncomingMessage]>,
    once(socket, "open").then(() => undefined),
  ]);
  if (outcome === undefined) {
    socket.terminate();
    return [101, "open"];
  }
  const pieces: Buffer[] = [];
  for await (const piece of outcome[1]) pieces.push(piece as Buffer);
  const { error } = JSON.parse(Buffer.concat(pieces).toString("utf8")) as { error: string };
  return [outcome[1].statusCode ?? 0, error];
}
