/** An order for faults to come. */
export interface FaultOrder<Fault> {
  readonly fault: Fault;
  /** How many calls it strikes; 1 by default, `Infinity` until it is lifted. */
  readonly times?: number;
}

/** Faults waiting for their calls, first ordered first served; a call meets one at the most. */
export class FaultBook<Fault, Order extends FaultOrder<Fault>, Call> {
  readonly #strikes: (order: Order, call: Call) => boolean;
  #open: { readonly order: Order; left: number }[] = [];

  /** `strikes`: whether an order is meant for a call. */
  constructor(strikes: (order: Order, call: Call) => boolean) {
    this.#strikes = strikes;
  }

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

  take(call: Call): Fault | undefined {
    const entry = this.#open.find(({ order }) => this.#strikes(order, call));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#open = this.#open.filter((other) => other !== entry);
    return entry.order.fault;
  }
}
