import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { page, pageModule, questions, rows } from "./page-module.ts";
import type { Gap, Question } from "./page-module.ts";

interface Listener {
  readonly onRows: (rows: object[], last: string) => void;
  readonly onGap: (gap: Gap) => void;
}
interface Window {
  readonly items: readonly { cursor: string; gap?: Gap }[];
  readonly mode: string;
  readonly isBusy: boolean;
  readonly error: string;
  start(cursor?: string): Promise<void>;
  around(cursor: string): Promise<void>;
  release(): void;
  close(): void;
  older(): Promise<number>;
  newer(): Promise<number>;
  fillGap(item: object): Promise<void>;
}
type Construct = new (connection: object, options: object) => Window;
const { RowWindow } = await pageModule<{ RowWindow: Construct }>("row-window.js");

const CUT = { bytes: 7, reason: "truncated" };

interface Stage {
  readonly window: Window;
  readonly asked: Question[];
  readonly subscribed: { from: string; listener: Listener; isEnded: boolean }[];
  /** The next question that has not been looked at. */
  readonly next: () => Promise<Question>;
}

function stage(t: TestContext): Stage {
  const asked = questions(t);
  const subscribed: Stage["subscribed"] = [];
  const subscribe = ({ from }: { from: string }, listener: Listener): (() => void) => {
    const subscription = { from, listener, isEnded: false };
    subscribed.push(subscription);
    return () => {
      subscription.isEnded = true;
    };
  };
  let seen = 0;
  const next = async (): Promise<Question> => {
    for (let n = 0; n < 100 && asked[seen] === undefined; n += 1) await turn();
    const question = asked[seen];
    assert.ok(question !== undefined, "something is asked");
    seen += 1;
    return question;
  };
  return { window: new RowWindow({ subscribe }, { topic: "messages" }), asked, subscribed, next };
}

/** Shows b, c, d, which lie in the past. */
async function away({ window, next }: Stage): Promise<void> {
  const shown = window.around("c");
  for (const body of [page(["d"], { more: true }), page(["b"], { more: true }), page(["c"])]) {
    (await next()).answer(body);
  }
  await shown;
  assert.deepEqual(shownBy(window), ["b", "c", "d"]);
}

function shownBy({ items }: Window): string[] {
  return items.map(({ cursor, gap }) => (gap === undefined ? cursor : `${gap.from}…${gap.to}`));
}

for (const direction of ["older", "newer"] as const) {
  test(`${direction} rows that come after the newest were wanted are not put among these`, async (t) => {
    const all = stage(t);
    const { window, subscribed, next } = all;
    await away(all);
    const added = window[direction]();
    const late = await next();
    window.release();
    assert.equal(late.signal?.aborted, true);
    assert.equal(window.isBusy, false, "nothing that it waits for is asked");
    const [newest] = subscribed;
    newest?.listener.onRows(rows("y", "z"), "z");
    late.answer(page(["x"]));
    assert.equal(await added, 0);
    assert.deepEqual([shownBy(window), window.mode, window.error], [["y", "z"], "following", ""]);
    assert.equal(subscribed.length, 1);
    assert.deepEqual([newest?.from, newest?.isEnded], ["tail:500", false]);
    const older = window.older();
    (await next()).answer(page(["x"]));
    assert.equal(await older, 1);
    assert.deepEqual(shownBy(window), ["x", "y", "z"]);
  });
}

test("of two places that are gone to the later one is shown, whichever is answered first", async (t) => {
  const { window, next } = stage(t);
  const first = window.around("c");
  const late = await next();
  const second = window.around("p");
  const own = await next();
  late.answer(page(["d"]));
  await first;
  assert.equal(window.isBusy, true, "the later one is still asked for");
  own.answer(page(["q"]));
  (await next()).answer(page(["o"]));
  (await next()).answer(page(["p"]));
  await second;
  assert.deepEqual([shownBy(window), window.isBusy, window.mode], [["o", "p", "q"], false, "away"]);
});

test("one that is closed asks for nothing any more, and is not busy", async (t) => {
  const all = stage(t);
  const { window, asked, next } = all;
  await away(all);
  const added = window.older();
  const late = await next();
  window.close();
  assert.equal(window.isBusy, false);
  late.answer(page(["a"]));
  assert.equal(await added, 0);
  const before = asked.length;
  await window.newer();
  assert.equal(asked.length, before);
  assert.deepEqual(shownBy(window), ["b", "c", "d"]);
});

test("gaps of a page stand where the page says, whatever their ends are", async (t) => {
  const all = stage(t);
  const { window, next } = all;
  await away(all);
  const added = window.older();
  const gaps = [
    { index: 0, from: null, to: "g1:0:0", ...CUT },
    { index: 2, from: "y", to: "g2:0:0", ...CUT },
    { index: 3, from: "z", to: "g3:0:0", ...CUT },
  ];
  (await next()).answer(page(["x", "y", "z"], { gaps }));
  assert.equal(await added, 6);
  assert.deepEqual(shownBy(window), ["null…g1:0:0", "x", "y", "y…g2:0:0", "z", "z…g3:0:0", "b", "c", "d"]);
});

test("a gap that stands first is not told twice, and no row before it is left out", async (t) => {
  const { window, subscribed, next } = stage(t);
  await window.start();
  const [subscription] = subscribed;
  assert.ok(subscription !== undefined);
  const { onGap, onRows } = subscription.listener;
  onGap({ from: "b", to: "g:0:0", ...CUT });
  onRows(rows("c"), "c");
  const added = window.older();
  const question = await next();
  assert.equal(question.query.get("before"), "g:0:0");
  question.answer(page(["a", "b"], { gaps: [{ index: 2, from: "b", to: "g:0:0", ...CUT }] }));
  await added;
  assert.deepEqual(shownBy(window), ["a", "b", "b…g:0:0", "c"]);
});

test("a gap is filled with what is there after all, and stays where nothing is", async (t) => {
  const { window, subscribed, next } = stage(t);
  await window.start();
  const [subscription] = subscribed;
  assert.ok(subscription !== undefined);
  const { onGap, onRows } = subscription.listener;
  onRows(rows("a"), "a");
  onGap({ from: "a", to: "d", bytes: 9, reason: "slow" });
  onRows(rows("e"), "e");
  onGap({ from: "e", to: "g:0:0", ...CUT });
  onRows(rows("f"), "f");
  for (const [from, body] of [
    ["a", page(["b", "c", "d", "e"])],
    ["e", page(["f"], { gaps: [{ index: 0, from: "e", to: "g:0:0", ...CUT }] })],
  ] as const) {
    const filled = window.fillGap(window.items.find(({ gap }) => gap?.from === from) ?? {});
    const question = await next();
    assert.equal(question.query.get("after"), from);
    question.answer(body);
    await filled;
  }
  assert.deepEqual(shownBy(window), ["a", "b", "c", "d", "e", "e…g:0:0", "f"]);
});
