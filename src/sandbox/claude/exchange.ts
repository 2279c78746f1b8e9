import type { ServerResponse } from "node:http";
import { systemClock } from "../../core/clock.ts";
import type { Outcome, RecordedRequest } from "./record.ts";
import type { Message, Refusal } from "./turn.ts";
import { eventsOf, sendPlain, sendRefusal, startStream, writeEvents } from "./wire.ts";

/** A request and its response. Every way to end it goes through here, so that the record tells what became of it. */
export class Exchange {
  readonly record: RecordedRequest;
  readonly #response: ServerResponse;
  #ending: { outcome: Outcome; status?: number } | undefined;

  /** `ended` is called once, when the response is with the client or lost. */
  constructor(record: RecordedRequest, response: ServerResponse, ended: () => void) {
    this.record = record;
    this.#response = response;
    response.once("close", () => {
      const done = this.#ending?.outcome === "dropped" || response.writableFinished;
      Object.assign(record, done ? this.#ending : { outcome: "left" });
      record.answeredAt = systemClock.now();
      record.monotonicAnsweredAt = systemClock.monotonic();
      ended();
    });
  }

  /** Whether the client has gone away. */
  get left(): boolean {
    return this.#response.destroyed;
  }

  answer(message: Message): void {
    this.#ending = { outcome: "answered", status: 200 };
    if (!this.record.stream) {
      sendPlain(this.#response, message);
      return;
    }
    startStream(this.#response);
    writeEvents(this.#response, eventsOf(message));
    this.#response.end();
  }

  refuse(refusal: Refusal): void {
    this.#ending = { outcome: "refused", status: refusal.code };
    sendRefusal(this.#response, refusal);
  }

  /** Cuts the connection; with a message, after half of its events. */
  drop(message?: Message): void {
    this.#ending = { outcome: "dropped" };
    const cut = (): void => {
      this.#response.socket?.resetAndDestroy();
    };
    if (message === undefined) {
      cut();
      return;
    }
    const events = eventsOf(message);
    startStream(this.#response);
    writeEvents(this.#response, events.slice(0, Math.max(3, Math.floor(events.length / 2))), cut);
  }

  /** Waits, or less when the client leaves. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#response.off("close", done);
        resolve();
      };
      const cancel = systemClock.after(ms, done);
      this.#response.once("close", done);
    });
  }
}
