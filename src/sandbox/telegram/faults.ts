import { FaultBook, type FaultOrder } from "../faults.ts";

/** What can go wrong on the way to Telegram and back. */
export type Fault =
  /** An error instead of the effect. `retryAfter` in seconds, as 429 brings it. */
  | { readonly kind: "status"; readonly code: number; readonly retryAfter?: number; readonly description?: string }
  /** The connection ends without an answer, before the effect or after it. */
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  /** A slow answer; the pause comes before the effect unless said otherwise. A client that leaves ends it. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: "before" | "after" };

export type Params = Readonly<Record<string, unknown>>;

export interface Order extends FaultOrder<Fault> {
  /** Name of a method, `downloadFile` for a download, `*` for any. */
  readonly method: string;
  /** Which calls of the method it strikes; all by default. */
  readonly match?: (params: Params) => boolean;
}

export class Faults extends FaultBook<Fault, Order, { readonly method: string; readonly params: Params }> {
  constructor() {
    super(
      (order, { method, params }) =>
        (order.method === "*" || order.method === method) && (order.match?.(params) ?? true),
    );
  }
}
