export interface Turn {
  /** Resolves when every earlier turn of the lane has ended. */
  readonly before: Promise<void>;
  readonly end: () => void;
}

/** Turns of lanes: what is begun at once in a lane is finished in the order in which it was begun. */
export class Turns {
  readonly #last = new Map<number, Promise<void>>();

  /** A turn behind all of its lane. It must be ended, whatever happens; ending it early does not let it overtake. */
  take(lane: number): Turn {
    const before = this.#last.get(lane) ?? Promise.resolve();
    let end = (): void => undefined;
    const own = new Promise<void>((resolve) => {
      end = resolve;
    });
    const turn = before.then(() => own);
    this.#last.set(lane, turn);
    void turn.finally(() => {
      if (this.#last.get(lane) === turn) this.#last.delete(lane);
    });
    return { before, end };
  }
}
