/** The one user of uWebSockets.js: HTTP and WebSocket on one port, on the main thread. */
import type * as Uws from "uWebSockets.js";
import { ConfigError, describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Connection, Peer } from "./connection.ts";
import { DashboardError } from "./errors.ts";
import type { Answer, Headers, Request, Whole } from "./http.ts";
import { CLOSE } from "./protocol.ts";
import { Reply } from "./server/reply.ts";
import { requestOf } from "./server/request.ts";
import { accept, webSockets } from "./server/web-sockets.ts";
import type { SocketConnection } from "./server/web-sockets.ts";

export type Upgrade =
  | { readonly status: "refused"; readonly answer: Whole }
  /** Called once the connection is open. */
  | { readonly status: "open"; readonly peer: (connection: Connection) => Peer };

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Never rejects. `signal` aborts when nobody waits for the answer any more. */
  readonly answer: (request: Request, signal: AbortSignal) => Promise<Answer>;
  readonly upgrade: (request: Request) => Upgrade;
  /** On every answer, unless it has them itself. */
  readonly headers: Headers;
  readonly log: Logger;
}

export interface Server {
  readonly port: number;
  /** WebSockets that are open. */
  sockets(): number;
  /** Answers that are still being written: feeds, exports, searches, long lists. */
  openAnswers(): number;
  /** To all who follow the topic. Whoever cannot take it is disconnected. */
  publish(topic: string, text: string): void;
  /** Takes no more connections, tells those that are open, and ends what has not ended in `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

type Engine = typeof Uws;
type Answering = (signal: AbortSignal) => Answer | Promise<Answer>;

const GRACE_MS = 2_000;

/** Rejects with ConfigError where the engine has no binary for this Node, and with `listen_failed`. */
export async function listen(options: ServerOptions): Promise<Server> {
  const engine = await loadEngine();
  return new UwsServer(engine, options).listen();
}

async function loadEngine(): Promise<Engine> {
  try {
    return await import("uWebSockets.js");
  } catch (error) {
    // The engine says why in several lines; a program that does not start says it in one.
    const why = describeError(error).replaceAll(/\s+/g, " ");
    throw new ConfigError(
      `uWebSockets.js has no binary for Node ${process.versions.node} on ${process.platform} ${process.arch} (${why}): use Node 20 or 22 on Linux with glibc, macOS or Windows.`,
    );
  }
}

class UwsServer implements Server {
  readonly #engine: Engine;
  readonly #options: ServerOptions;
  readonly #app: Uws.TemplatedApp;
  readonly #replies = new Set<Reply>();
  readonly #connections = new Set<SocketConnection>();
  #listening: Uws.us_listen_socket | undefined;
  #port = 0;
  #stopping: Promise<void> | undefined;

  constructor(engine: Engine, options: ServerOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#app = engine.App();
    this.#app.ws(
      "/ws",
      webSockets(this.#connections, (response, request, context) => {
        const asked = requestOf(request);
        const upgrade = options.upgrade(asked);
        if (upgrade.status === "refused") this.#serve(new Reply(response, false), asked, () => upgrade.answer);
        else accept(upgrade.peer, { response, request, context });
      }),
    );
    this.#app.any("/*", (response, request) => {
      const asked = requestOf(request);
      this.#serve(new Reply(response, asked.method === "HEAD"), asked, (signal) => options.answer(asked, signal));
    });
  }

  get port(): number {
    return this.#port;
  }

  sockets(): number {
    return this.#connections.size;
  }

  openAnswers(): number {
    return [...this.#replies].filter((reply) => reply.isWriting).length;
  }

  publish(topic: string, text: string): void {
    if (this.#stopping === undefined) this.#app.publish(topic, text);
  }

  listen(): Promise<Server> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#app.listen(host, port, (socket) => {
        if (socket === false) {
          const message = `Listening on ${host}:${port} failed: another program has it, or the address is not ours. Choose another DASHBOARD_PORT or DASHBOARD_HOST.`;
          reject(new DashboardError("listen_failed", message, { details: { host, port } }));
          return;
        }
        this.#listening = socket;
        this.#port = this.#engine.us_socket_local_port(socket);
        resolve(this);
      });
    });
  }

  stop(graceMs = GRACE_MS): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#listening !== undefined) this.#engine.us_listen_socket_close(this.#listening);
    const reason = new DashboardError("server_stopping", "The dashboard is being stopped: connect again later.");
    for (const reply of this.#replies) reply.stop(reason);
    for (const connection of this.#connections) connection.close(CLOSE.goingAway, "the dashboard is being stopped");
    const deadline = performance.now() + graceMs;
    while (this.#replies.size > 0 && performance.now() < deadline) await pause();
    // Lets what was just written get into the kernel.
    await pause();
    this.#app.close();
  }

  #serve(reply: Reply, request: Request, answer: Answering): void {
    this.#replies.add(reply);
    void this.#send(reply, request, answer).finally(() => this.#replies.delete(reply));
  }

  async #send(reply: Reply, request: Request, answer: Answering): Promise<void> {
    try {
      await reply.answer(await answer(reply.signal), this.#options.headers);
    } catch (error) {
      if (!(error instanceof DashboardError)) {
        this.#options.log.error({ path: request.path, error: describeError(error) }, "an answer was cut off");
      }
      reply.close();
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}
