/** What the index of waiting messages knows of one. */
export interface LaneEntry {
  readonly seq: number;
  readonly lane: number;
  readonly key: string;
}

interface Lane<E> {
  /** In order of `seq`. */
  readonly waiting: E[];
  claimed: E | undefined;
  /** Its head waits for a pause to pass. */
  paused: boolean;
}

/**
 * The messages of all lanes, in memory. A lane is **free** (its head may be taken), **claimed** (one of its messages
 * is in work) or **paused** (its head is waiting for another try); `take` makes a free lane claimed, `end` and
 * `putBack` make it free again, the latter or paused until `resume`. Lanes take turns: one that was served goes behind
 * the others.
 */
export class LaneIndex<E extends LaneEntry> {
  readonly #lanes = new Map<number, Lane<E>>();
  readonly #entries = new Map<string, E>();

  get(key: string): E | undefined {
    return this.#entries.get(key);
  }

  isClaimed(entry: E): boolean {
    return this.#lanes.get(entry.lane)?.claimed === entry;
  }

  /** Adds a waiting message. Its key must not be there. */
  add(entry: E): void {
    this.#entries.set(entry.key, entry);
    insert(this.#laneOf(entry.lane).waiting, entry);
  }

  /** The oldest message of the next free lane; the lane is claimed by it. */
  take(): E | undefined {
    for (const [id, lane] of this.#lanes) {
      if (!isFree(lane)) continue;
      lane.claimed = lane.waiting.shift();
      this.#lanes.delete(id);
      this.#lanes.set(id, lane);
      return lane.claimed;
    }
    return undefined;
  }

  /** A message in work goes back to the head of its lane, which is then free, or paused. */
  putBack(entry: E, paused: boolean): void {
    const lane = this.#laneOf(entry.lane);
    lane.claimed = undefined;
    lane.paused = paused;
    insert(lane.waiting, entry);
  }

  resume(laneId: number): void {
    const lane = this.#lanes.get(laneId);
    if (lane !== undefined) lane.paused = false;
  }

  /** Forgets a message, waiting or in work. */
  end(entry: E): void {
    this.#entries.delete(entry.key);
    const lane = this.#laneOf(entry.lane);
    if (lane.claimed === entry) lane.claimed = undefined;
    else removeWaiting(lane, entry);
    if (lane.claimed === undefined && lane.waiting.length === 0) this.#lanes.delete(entry.lane);
  }

  /** Whether `take` would find one. */
  hasFree(): boolean {
    for (const lane of this.#lanes.values()) if (isFree(lane)) return true;
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

  #laneOf(id: number): Lane<E> {
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      lane = { waiting: [], claimed: undefined, paused: false };
      this.#lanes.set(id, lane);
    }
    return lane;
  }
}

function isFree<E>(lane: Lane<E>): boolean {
  return lane.claimed === undefined && !lane.paused && lane.waiting.length > 0;
}

function removeWaiting<E>(lane: Lane<E>, entry: E): void {
  const at = lane.waiting.indexOf(entry);
  // The pause was for the head.
  if (at === 0) lane.paused = false;
  if (at !== -1) lane.waiting.splice(at, 1);
}

/** Keeps the order of `seq`; newcomers are nearly always last. */
function insert<E extends LaneEntry>(entries: E[], entry: E): void {
  let at = entries.length;
  for (let before = entries[at - 1]; before !== undefined && before.seq > entry.seq; before = entries[at - 1]) at -= 1;
  entries.splice(at, 0, entry);
}
