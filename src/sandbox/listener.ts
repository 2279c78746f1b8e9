import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

/** Longer than a client keeps a connection: one that closed just as it was used again would look like a fault. */
const KEEP_ALIVE_MS = 10 * 60_000;

export const LOOPBACK = "127.0.0.1";

/** PEM texts. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface ListenerOptions {
  readonly certificate?: Certificate | undefined;
  /** The address to listen on: loopback, unless containers are to reach it. */
  readonly host?: string | undefined;
}

/** An HTTP or HTTPS server that can be stopped and started again. start and stop may be called twice. */
export class Listener {
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #certificate: Certificate | undefined;
  readonly host: string;
  #server: Server | undefined;
  #port = 0;

  constructor(
    handle: (request: IncomingMessage, response: ServerResponse) => void,
    { certificate, host = LOOPBACK }: ListenerOptions = {},
  ) {
    this.#handle = handle;
    this.#certificate = certificate;
    this.host = host;
  }

  /** 0 before the first start. */
  get port(): number {
    return this.#port;
  }

  async start(port = 0): Promise<void> {
    if (this.#server !== undefined) return;
    const options = { keepAliveTimeout: KEEP_ALIVE_MS, ...this.#certificate };
    const server =
      this.#certificate === undefined ? createServer(options, this.#handle) : createSecureServer(options, this.#handle);
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        this.#server = undefined;
        reject(error);
      });
      server.listen(port === 0 ? this.#port : port, this.host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Cuts every connection. */
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
