import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describeError } from "../../core/errors.ts";

/** An HTTP server on loopback that can be stopped and started again on its port. */
export class Listener {
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  #server: Server | undefined;
  #port: number | undefined;

  constructor(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    this.#handle = handle;
  }

  /** Known from the first start on. */
  get port(): number | undefined {
    return this.#port;
  }

  async start(port: number): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => fail(response, error));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        this.#server = undefined;
        reject(error);
      });
      server.listen(port === 0 ? (this.#port ?? 0) : port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

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

/** A script that throws is the model's far side falling over: a 500 that names the reason. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(500, { "content-type": "application/json" });
  response.end(JSON.stringify({ type: "error", error: { type: "api_error", message: describeError(error) } }));
}
