/** The WebSocket's protocol: what goes over the wire in each direction, as JSON text frames. */
import { z } from "../core/zod.ts";
import type { Gap } from "./tail/stream.ts";
import type { Topic } from "./topics.ts";

export const SUBPROTOCOL = "tinyclaw.v1";

/** Latest value wins: these two come whole, as `state`. */
export const STATES = ["status", "metrics"] as const;
export type StateTopic = (typeof STATES)[number];

/** Of a subscription's id, UTF-16 units. */
export const MAX_ID = 64;
const id = z.string().min(1).max(MAX_ID);

export const clientFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("subscribe"),
    id,
    topic: z.string().max(64),
    /** `tail:N`, `now` (the default) or a cursor. */
    from: z.string().max(1024).default("now"),
    filter: z.unknown().optional(),
  }),
  z.object({ type: z.literal("unsubscribe"), id }),
  z.object({ type: z.literal("ack"), id, cursor: z.string().max(1024) }),
  z.object({ type: z.literal("ping"), t: z.number() }),
]);
export type ClientFrame = z.infer<typeof clientFrame>;

/** Rows are missing here; `from` is null where nothing is known of what was before. */
export type GapFields = Omit<Gap, "from"> & { readonly from: string | null };

export type ServerFrame =
  | { type: "welcome"; version: 1; boot: string; topics: readonly (Topic | StateTopic)[] }
  /** `first`: the cursor of the first row. `last`: the place reached, just after the last row or further on. */
  | { type: "rows"; id: string; first: string; last: string; rows: readonly object[] }
  | ({ type: "gap"; id: string } & GapFields)
  | { type: "state"; topic: StateTopic; rev: number; data: object }
  /** `closed`: there is no subscription of this id; without it, one that there is goes on. */
  | { type: "error"; id?: string; code: string; message: string; closed?: true }
  /**
   * What lay in the files has been sent; what follows is new. Once a subscription. `cursor`: the place reached, to go
   * on from if no row comes before the connection is cut; null where there was no line yet.
   */
  | { type: "live"; id: string; cursor: string | null }
  | { type: "pong"; t: number };

/** A frame's text. Frames of rows are put together elsewhere: their rows are text already. */
export function frame(content: Exclude<ServerFrame, { type: "rows" }>): string {
  return JSON.stringify(content);
}

/** Close codes of our own. */
export const CLOSE = {
  goingAway: 1001,
  unsupported: 1003,
  policy: 1008,
  tooBig: 1009,
  unauthenticated: 4401,
  tooMany: 4429,
} as const;
