import type { HttpResponse } from "uWebSockets.js";
import { http } from "../../core/node-http.ts";
import { DashboardError } from "../errors.ts";
import type { Answer, Headers, Sink, Streamed, Whole } from "../http.ts";

/** A client that has not made room for a piece in this time is cut off, ms. */
const PATIENCE_MS = 60_000;
/** Without a body, whoever asks. */
const BODILESS = new Set([204, 304]);

/**
 * One answer over HTTP. The engine's response must not be touched once it has ended or the client has left, and each
 * write outside the engine's own callbacks is corked; both are seen to here.
 *
 *   waiting ──answer()──▶ ended
 *                    └──▶ writing ──body written──▶ ended
 *   any ──client leaves──▶ gone
 */
export class Reply {
  readonly #response: HttpResponse;
  readonly #isHead: boolean;
  readonly #abort = new AbortController();
  #state: "waiting" | "writing" | "ended" | "gone" = "waiting";
  /** Told when there is room, or never will be. */
  #wake: (() => void) | undefined;

  /** To be made in the callback that brings the response. */
  constructor(response: HttpResponse, isHead: boolean) {
    this.#response = response;
    this.#isHead = isHead;
    response.onAborted(() => {
      this.#state = "gone";
      this.#abort.abort(gone());
      this.#wake?.();
    });
  }

  get isWriting(): boolean {
    return this.#state === "writing";
  }

  /** Aborts with `client_gone` or `server_stopping`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when the answer is out of our hands. Rejects with what `run` of a stream rejected with. */
  async answer(answer: Answer, headers: Headers): Promise<void> {
    if (this.#state !== "waiting") return;
    if (answer.kind === "whole") this.#whole(answer, headers);
    else await this.#stream(answer, headers);
  }

  /** Ends a stream, which may say a last word. */
  stop(reason: Error): void {
    this.#abort.abort(reason);
    this.#wake?.();
  }

  /** Cuts the connection. */
  close(): void {
    if (this.#state !== "ended" && this.#state !== "gone") this.#response.close();
  }

  #whole({ status, headers, body }: Whole, more: Headers): void {
    this.#state = "ended";
    this.#response.cork(() => {
      this.#head(status, { ...more, ...headers });
      if (BODILESS.has(status)) this.#response.endWithoutBody();
      else if (this.#isHead) this.#response.endWithoutBody(Buffer.byteLength(body));
      else this.#response.end(body);
    });
  }

  async #stream({ headers, run }: Streamed, more: Headers): Promise<void> {
    this.#state = "writing";
    this.#response.onWritable(() => {
      this.#wake?.();
      return true;
    });
    this.#response.cork(() => {
      this.#head(200, { ...more, ...headers });
      if (this.#isHead) this.#end(() => this.#response.endWithoutBody());
    });
    if (this.#isHead) return;
    const sink: Sink = { signal: this.#abort.signal, write: (text) => this.#write(text) };
    await run(sink);
    this.#end(() => this.#response.cork(() => this.#response.end()));
  }

  #head(status: number, headers: Headers): void {
    this.#response.writeStatus(`${status} ${http.STATUS_CODES[status] ?? ""}`);
    for (const [name, value] of Object.entries(headers)) this.#response.writeHeader(name, value);
  }

  /** The client may leave while it waits: then the state says so, and the signal. */
  async #write(text: string): Promise<void> {
    if (this.#state !== "writing") throw gone();
    // An empty chunk would end the answer.
    if (text === "") return;
    let hasRoom = true;
    this.#response.cork(() => {
      hasRoom = this.#response.write(text);
    });
    if (hasRoom) return;
    const patience = setTimeout(() => this.close(), PATIENCE_MS);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    clearTimeout(patience);
    this.#wake = undefined;
    if (this.#hasLeft()) throw gone();
  }

  #hasLeft(): boolean {
    return this.#state === "gone";
  }

  #end(task: () => void): void {
    if (this.#state !== "writing") return;
    this.#state = "ended";
    task();
  }
}

function gone(): DashboardError {
  return new DashboardError("client_gone", "The client has left: nothing more can be sent to it.");
}
