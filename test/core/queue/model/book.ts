import assert from "node:assert/strict";
import type { Attempts } from "../../../../src/core/queue/ledger.ts";

/** From and to: what a stop in the middle leaves open. */
interface Range {
  least: number;
  most: number;
}

/** How far something has come: `begun` may have happened or not. */
type Progress = "none" | "begun" | "told";

/** What was promised about one message. */
interface Page {
  readonly key: string;
  readonly lane: number;
  /** Lowest number under which a publish was acknowledged. */
  stored: number | undefined;
  answer: Progress;
  burial: Progress;
  committed: boolean;
  /** How often its answer was posted, and whether the end of that is recorded. */
  posted: number;
  sent: boolean;
  readonly failures: Range;
  readonly crashes: Range;
  /** Waits for a retry until then, in the life of that consumer. */
  notBefore: number;
}

export type Stage = "claimed" | "answering" | "answered" | "committing" | "failing" | "releasing" | "burying";

/** A message in work. */
export interface Work {
  readonly key: string;
  stage: Stage;
}

/** What the callers of the queue were told, and so what it must keep. */
export class Book {
  readonly #pages = new Map<string, Page>();

  page(key: string, lane: number): Page {
    const none = (): Range => ({ least: 0, most: 0 });
    const page = this.#pages.get(key) ?? {
      key,
      lane,
      stored: undefined,
      answer: "none",
      burial: "none",
      committed: false,
      posted: 0,
      sent: false,
      failures: none(),
      crashes: none(),
      notBefore: 0,
    };
    this.#pages.set(key, page);
    return page;
  }

  get pages(): Page[] {
    return [...this.#pages.values()];
  }

  must(key: string): Page {
    const page = this.#pages.get(key);
    assert.ok(page, `${key} was never published`);
    return page;
  }

  stored(key: string, seq: number): void {
    const page = this.must(key);
    page.stored = Math.min(page.stored ?? seq, seq);
  }

  /** Messages of a lane that must come before number `seq`. */
  before(lane: number, seq: number): string[] {
    const waits = ({ stored, answer, burial, ...page }: Page): boolean =>
      page.lane === lane && answer === "none" && burial === "none" && stored !== undefined && stored < seq;
    return this.pages.filter(waits).map(({ key }) => key);
  }

  claimed(key: string, attempts: Attempts, now: number): void {
    const page = this.must(key);
    assert.notEqual(page.answer, "told", `${key} is run again although its answer is stored`);
    assert.ok(!page.committed, `${key} is run again although it was committed`);
    assert.ok(!page.sent, `${key} is run again although its answer was posted`);
    assert.notEqual(page.burial, "told", `${key} is run again although it was buried`);
    assert.ok(now >= page.notBefore, `${key} comes before its pause is over`);
    for (const count of ["failures", "crashes"] as const) {
      const { least, most } = page[count];
      const seen = attempts[count];
      assert.ok(seen >= least && seen <= most, `${key} has ${seen} ${count}, not ${least} to ${most}`);
      page[count].least = seen;
      page[count].most = seen;
    }
  }

  failed(key: string): void {
    add(this.must(key).failures, 1, 1);
  }

  /** The consumer died with these in work; the files of `touched` may have been on their way there. */
  consumerDied(works: Iterable<Work>, touched: readonly string[]): void {
    const open = new Set<string>();
    for (const { key, stage } of works) {
      open.add(key);
      const page = this.must(key);
      if (stage === "failing") add(page.failures, 0, 1);
      const certain = stage === "claimed" || stage === "answering" || stage === "answered";
      add(page.crashes, certain ? 1 : 0, 1);
    }
    for (const key of touched) if (!open.has(key)) add(this.must(key).crashes, 0, 1);
    for (const page of this.#pages.values()) page.notBefore = 0;
  }
}

function add(range: Range, least: number, most: number): void {
  range.least += least;
  range.most += most;
}
