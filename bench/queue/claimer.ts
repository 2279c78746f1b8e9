import type { FileConsumer } from "../../src/core/queue/file-consumer.ts";
import type { IncomingMessage } from "../../src/core/queue/message.ts";
import type { Claim } from "../../src/core/queue/queue.ts";

/** Claims when the queue says that there may be something, as the queue worker does. */
export class Claimer {
  readonly #consumer: FileConsumer<IncomingMessage>;
  #wake: () => void = () => undefined;

  constructor(consumer: FileConsumer<IncomingMessage>) {
    this.#consumer = consumer;
    consumer.onReady(() => {
      this.#wake();
    });
  }

  async next(): Promise<Claim<IncomingMessage>> {
    for (;;) {
      const ready = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const claim = await this.#consumer.claim();
      if (claim !== undefined) return claim;
      await ready;
    }
  }
}
