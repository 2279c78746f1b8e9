import type { IncomingMessage } from "./message.ts";

/**
 * How threads rank against each other, by the best of what waits in them: what a person wants is served before what
 * agents and programs want of each other, and that before heartbeats. Pure.
 */
export const PERSON = 0;
export const MACHINE = 1;
export const HEARTBEAT = 2;
export type Rank = typeof PERSON | typeof MACHINE | typeof HEARTBEAT;

const RANKS: Readonly<Record<IncomingMessage["source"], Rank>> = {
  user: PERSON,
  cli: PERSON,
  "cross-thread": MACHINE,
  system: MACHINE,
  heartbeat: HEARTBEAT,
};

export function rankOf({ source }: Pick<IncomingMessage, "source">): Rank {
  return RANKS[source];
}
