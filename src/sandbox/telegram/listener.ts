import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Longer than any pause of a bot: a connection that closed just as it was used again would look like a fault. */
const KEEP_ALIVE_MS = 10 * 60_000;

/** An HTTP server on loopback that can be stopped and started again on its port. start and stop may be called twice. */
export class Listener {
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  #server: Server | undefined;
  #port = 0;

  constructor(handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#handle = handle;
  }

  /** 0 before the first start. */
  get port(): number {
    return this.#port;
  }

  async start(port: number | undefined): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, this.#handle);
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        this.#server = undefined;
        reject(error);
      });
      server.listen(port ?? this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Cuts every connection, polls too. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }
}
