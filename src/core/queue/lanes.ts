import { HEARTBEAT, MACHINE, PERSON } from "./rank.ts";
import type { Rank } from "./rank.ts";

/** What the index of waiting messages knows of one. */
export interface LaneEntry {
  readonly seq: number;
  readonly lane: number;
  readonly rank: Rank;
  readonly key: string;
}

interface Lane<E> {
  /** In order of `seq`. */
  readonly waiting: E[];
  /** How many wait of each rank. */
  readonly counts: [number, number, number];
  claimed: E | undefined;
  /** Its head waits for a pause to pass. */
  paused: boolean;
}

/**
 * The messages of all lanes, in memory. A lane is **free** (its head may be taken), **claimed** (one of its messages
 * is in work) or **paused** (its head is waiting for another try); `take` makes a free lane claimed, `end` and
 * `putBack` make it free again, the latter or paused until `resume`.
 *
 * A lane has the best rank of what waits in it, so that a person's message behind a heartbeat draws that forward with
 * it. Lanes of the best rank come first; those of a rank take turns: one that was served goes behind the others. One
 * heartbeat is in work at a time, but for those behind which a person waits: they go at once.
 */
export class LaneIndex<E extends LaneEntry> {
  readonly #lanes = new Map<number, Lane<E>>();
  readonly #entries = new Map<string, E>();
  /** Heartbeats in work. */
  #heartbeats = 0;

  get(key: string): E | undefined {
    return this.#entries.get(key);
  }

  isClaimed(entry: E): boolean {
    return this.#lanes.get(entry.lane)?.claimed === entry;
  }

  /** Adds a waiting message. Its key must not be there. */
  add(entry: E): void {
    this.#entries.set(entry.key, entry);
    insert(this.#laneOf(entry.lane), entry);
  }

  /** The oldest message of the next free lane; the lane is claimed by it. */
  take(): E | undefined {
    const next = this.#next();
    const entry = next?.lane.waiting.shift();
    if (next === undefined || entry === undefined) return undefined;
    const { id, lane } = next;
    lane.counts[entry.rank] -= 1;
    lane.claimed = entry;
    if (entry.rank === HEARTBEAT) this.#heartbeats += 1;
    this.#lanes.delete(id);
    this.#lanes.set(id, lane);
    return entry;
  }

  /** A message in work goes back to the head of its lane, which is then free, or paused. */
  putBack(entry: E, paused: boolean): void {
    const lane = this.#laneOf(entry.lane);
    this.#unclaim(lane);
    lane.paused = paused;
    insert(lane, entry);
  }

  resume(laneId: number): void {
    const lane = this.#lanes.get(laneId);
    if (lane !== undefined) lane.paused = false;
  }

  /** Forgets a message, waiting or in work. */
  end(entry: E): void {
    this.#entries.delete(entry.key);
    const lane = this.#laneOf(entry.lane);
    if (lane.claimed === entry) this.#unclaim(lane);
    else removeWaiting(lane, entry);
    if (lane.claimed === undefined && lane.waiting.length === 0) this.#lanes.delete(entry.lane);
  }

  /** Whether `take` would find one. */
  hasFree(): boolean {
    for (const lane of this.#lanes.values()) if (this.#isFree(lane)) return true;
    return false;
  }

  /** The messages that are not in work. */
  waiting(): E[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.waiting);
  }

  depth(): { waiting: number; claimed: number } {
    let claimed = 0;
    for (const lane of this.#lanes.values()) if (lane.claimed !== undefined) claimed += 1;
    return { waiting: this.#entries.size - claimed, claimed };
  }

  lanes(): Map<number, { waiting: number; claimed: boolean }> {
    return new Map(
      [...this.#lanes].map(([id, lane]) => [id, { waiting: lane.waiting.length, claimed: lane.claimed !== undefined }]),
    );
  }

  /** The free lane of the best rank; of several the one that was served longest ago. */
  #next(): { id: number; lane: Lane<E> } | undefined {
    let best: { id: number; lane: Lane<E>; rank: Rank } | undefined;
    for (const [id, lane] of this.#lanes) {
      if (!this.#isFree(lane)) continue;
      const rank = bestRank(lane);
      if (best === undefined || rank < best.rank) best = { id, lane, rank };
      if (rank === PERSON) break;
    }
    return best;
  }

  #isFree(lane: Lane<E>): boolean {
    const [head] = lane.waiting;
    if (head === undefined || lane.claimed !== undefined || lane.paused) return false;
    return head.rank !== HEARTBEAT || this.#heartbeats === 0 || bestRank(lane) === PERSON;
  }

  #unclaim(lane: Lane<E>): void {
    if (lane.claimed?.rank === HEARTBEAT) this.#heartbeats -= 1;
    lane.claimed = undefined;
  }

  #laneOf(id: number): Lane<E> {
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      lane = { waiting: [], counts: [0, 0, 0], claimed: undefined, paused: false };
      this.#lanes.set(id, lane);
    }
    return lane;
  }
}

function bestRank<E>({ counts }: Lane<E>): Rank {
  const [persons, machines] = counts;
  if (persons > 0) return PERSON;
  return machines > 0 ? MACHINE : HEARTBEAT;
}

function removeWaiting<E extends LaneEntry>(lane: Lane<E>, entry: E): void {
  const at = lane.waiting.indexOf(entry);
  if (at === -1) return;
  // The pause was for the head.
  if (at === 0) lane.paused = false;
  lane.waiting.splice(at, 1);
  lane.counts[entry.rank] -= 1;
}

/** Keeps the order of `seq`; newcomers are nearly always last. */
function insert<E extends LaneEntry>({ waiting, counts }: Lane<E>, entry: E): void {
  let at = waiting.length;
  for (let before = waiting[at - 1]; before !== undefined && before.seq > entry.seq; before = waiting[at - 1]) at -= 1;
  waiting.splice(at, 0, entry);
  counts[entry.rank] += 1;
}
