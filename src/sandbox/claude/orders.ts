import type { RecordedRequest } from "./record.ts";
import type { Refusal } from "./turn.ts";

/** What can go wrong on the way to the model. */
export type Fault =
  | ({ readonly kind: "status" } & Refusal)
  /** The connection ends: before anything is answered, or after half the answer's events. */
  | { readonly kind: "drop"; readonly when: "before" | "midstream" }
  /** A slow answer. */
  | { readonly kind: "delay"; readonly ms: number };

export interface Order {
  /** How many requests it strikes; 1 by default, `Infinity` until it is lifted. */
  readonly times?: number;
  readonly fault: Fault;
  /** Which requests it strikes; by default those of the conversation, side requests spared. */
  readonly match?: (request: RecordedRequest) => boolean;
}

/** Faults waiting for their requests, first ordered first served. */
export class Orders {
  #open: { order: Order; left: number }[] = [];

  /** The returned function lifts the order. */
  add(order: Order): () => void {
    const entry = { order, left: order.times ?? 1 };
    this.#open.push(entry);
    return () => {
      this.#open = this.#open.filter((other) => other !== entry);
    };
  }

  take(request: RecordedRequest): Fault | undefined {
    const entry = this.#open.find(({ order }) => (order.match === undefined ? !request.side : order.match(request)));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#open = this.#open.filter((other) => other !== entry);
    return entry.order.fault;
  }
}
