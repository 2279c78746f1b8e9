import { FaultBook, type FaultOrder } from "../faults.ts";
import type { RecordedRequest } from "./record.ts";
import type { Refusal } from "./turn.ts";

/** What can go wrong on the way to the model. */
export type Fault =
  | ({ readonly kind: "status" } & Refusal)
  /** The connection ends: before anything is answered, or after half the answer's events. */
  | { readonly kind: "drop"; readonly when: "before" | "midstream" }
  /** A slow answer. */
  | { readonly kind: "delay"; readonly ms: number };

export interface Order extends FaultOrder<Fault> {
  /** Which requests it strikes; by default those of the conversation, side requests spared. */
  readonly match?: (request: RecordedRequest) => boolean;
}

export class Orders extends FaultBook<Fault, Order, RecordedRequest> {
  constructor() {
    super((order, request) => (order.match === undefined ? !request.side : order.match(request)));
  }
}
