import { isStill, rowsOf } from "./bytes.ts";
import type { Extent } from "./bytes.ts";
import { ThreadCounts, arrivalOf } from "./counts.ts";
import type { CountedTopic, Counts } from "./counts.ts";

export interface TallyInput extends Extent {
  readonly topic: CountedTopic;
  /** Nobody writes the file any more: a line without an end counts. */
  readonly isFull: boolean;
  /** Epoch ms: messages that came in since are told one by one. */
  readonly since: number;
}

export interface TallyResult {
  readonly byThread: ReadonlyMap<number, Counts>;
  readonly arrivals: Float64Array;
  /** The place just after what was counted. */
  readonly offset: number;
  readonly check: number;
}

/** Counts the rows of an extent that begins just after a line, and what was read with them; at least one. */
export function tallyStep(input: TallyInput): TallyResult | "lost" {
  const { fd, gen, from, to, topic, isFull, since } = input;
  if (!isStill(fd, gen)) return "lost";
  const counts = new ThreadCounts();
  const arrivals: number[] = [];
  let reached = { offset: from, check: 0 };
  for (const rows of rowsOf(input, isFull)) {
    if (rows === "lost") return "lost";
    for (const row of rows) {
      counts.add(topic, row);
      const arrival = topic === "messages" ? arrivalOf(row) : undefined;
      if (arrival !== undefined && arrival >= since) arrivals.push(arrival);
      reached = { offset: row.offset, check: row.check };
    }
    if (reached.offset >= to) break;
  }
  return { byThread: counts.byThread, arrivals: Float64Array.from(arrivals), ...reached };
}
