/** What can go wrong on the way to Telegram and back. */
export type Fault =
  /** An error instead of the effect. `retryAfter` in seconds, as 429 brings it. */
  | { readonly kind: "status"; readonly code: number; readonly retryAfter?: number; readonly description?: string }
  /** The connection ends without an answer, before the effect or after it. */
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  /** A slow answer; the pause comes before the effect unless said otherwise. A client that leaves ends it. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: "before" | "after" };

export type Params = Readonly<Record<string, unknown>>;

export interface Order {
  /** Name of a method, `downloadFile` for a download, `*` for any. */
  readonly method: string;
  /** How many calls it strikes; 1 by default, `Infinity` until it is lifted. */
  readonly times?: number;
  readonly fault: Fault;
  /** Which calls of the method it strikes; all by default. */
  readonly match?: (params: Params) => boolean;
}

/** Faults waiting for their calls, first ordered first served; a call meets one at the most. */
export class Faults {
  #open: { readonly order: Order; left: number }[] = [];

  /** The returned function lifts the order. */
  add(order: Order): () => void {
    const entry = { order, left: order.times ?? 1 };
    this.#open.push(entry);
    return () => {
      this.#open = this.#open.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#open = [];
  }

  take(method: string, params: Params): Fault | undefined {
    const entry = this.#open.find(
      ({ order }) => (order.method === "*" || order.method === method) && (order.match?.(params) ?? true),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#open = this.#open.filter((other) => other !== entry);
    return entry.order.fault;
  }
}
