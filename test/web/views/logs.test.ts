import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

interface Style {
  readonly from: number;
  readonly to: number;
  readonly classes: string;
}
const { parseAnsi } = await pageModule<{ parseAnsi: (text: string) => { plain: string; styles: Style[] } }>(
  "views/logs-ansi.js",
);
const { levelName, levelOf, lineText, lineTime, textOf } = await pageModule<{
  levelName: (level: number | undefined) => string;
  levelOf: (row: object) => number | undefined;
  lineText: (row: object) => { text: string; styles: Style[] };
  lineTime: (row: object) => number | undefined;
  textOf: (row: object) => string;
}>("views/logs-line.js");
const { writtenLine } = await pageModule<{ writtenLine: (row: object) => string }>("views/logs-copy.js");
interface Entry {
  readonly key: string;
  readonly level?: number;
}
type Find = (
  feed: object,
  chosen: () => string,
  direction: 1 | -1,
  kind: object,
) => Promise<{ entry?: Entry; further?: unknown }>;
const { ERRORS, WARNINGS, find, hits, nothing } = await pageModule<{
  ERRORS: { is: (entry: object) => boolean };
  WARNINGS: { is: (entry: object) => boolean };
  find: Find;
  hits: (query: object) => { is: (entry: object) => boolean; filter?: object };
  nothing: (direction: 1 | -1, kind: object) => string;
}>("views/logs-jump.js");

/** What is shown how: each stretch and its classes. */
function styled(text: string): string[] {
  const { plain, styles } = parseAnsi(text);
  return styles.map(({ from, to, classes }) => `${plain.slice(from, to)}:${classes.replaceAll("ansi-", "")}`);
}

for (const [text, plain, styles] of [
  ["plain", "plain", []],
  ["\u001b[31mred\u001b[0m not", "red not", ["red:1"]],
  ["\u001b[1;32mboth\u001b[22mgreen\u001b[39mnone", "bothgreennone", ["both:bold 2", "green:2"]],
  ["\u001b[31m\u001b[34mblue", "blue", ["blue:4"]],
  ["\u001b[91mbright", "bright", ["bright:1"]],
  ["\u001b[38;5;196mcube\u001b[m", "cube", ["cube:1"]],
  ["\u001b[38;5;3meight", "eight", ["eight:3"]],
  ["\u001b[38;5;250mgrey", "grey", ["grey:7"]],
  ["\u001b[38;2;0;200;200mwide", "wide", ["wide:6"]],
  ["\u001b[48;5;1;3mground", "ground", ["ground:italic"]],
  ["\u001b[4;7mu\u001b[24mi\u001b[27mn", "uin", ["u:underline inverse", "i:inverse"]],
  ["\u001b[2Jno colour", "\u001b[2Jno colour", []],
] as const) {
  test(`colours of ${JSON.stringify(text)}`, () => {
    assert.equal(parseAnsi(text).plain, plain);
    assert.deepEqual(styled(text), styles);
  });
}

test("a line is its message, then its other fields", () => {
  const row = {
    cursor: "c",
    level: 30,
    time: 1,
    source: "queue",
    msg: "\u001b[31mdone\u001b[0m",
    threadId: 5,
    note: "two words",
    empty: "",
    odd: { a: 1 },
  };
  assert.equal(textOf(row), 'done threadId=5 note="two words" empty="" odd={"a":1}');
  const { text, styles } = lineText(row);
  assert.deepEqual(
    styles.map(({ from, to, classes }) => [text.slice(from, to), classes]),
    [
      ["done", "ansi-1"],
      ["threadId=", "log-key"],
      ["note=", "log-key"],
      ["empty=", "log-key"],
      ["odd=", "log-key"],
    ],
  );
  assert.equal(textOf({ a: 1 }), "a=1");
  assert.equal(textOf({ raw: "as it is", cut: 9 }), "as it is… (9 bytes)");
});

test("levels are known by number and by name, and a line's own time goes first", () => {
  assert.deepEqual([{ level: 50 }, { level: "ERROR" }, { level: "loud" }, {}].map(levelOf), [
    50,
    50,
    undefined,
    undefined,
  ]);
  assert.deepEqual([40, 35, undefined].map(levelName), ["warn", "level 35", ""]);
  assert.deepEqual([{ time: 1, timestamp: 2 }, { timestamp: 2, ts: 3 }, { ts: 3 }, { time: "x" }].map(lineTime), [
    1,
    2,
    3,
    undefined,
  ]);
});

test("a line is taken along as it was written", () => {
  assert.equal(writtenLine({ cursor: "c", a: 1 }), '{"a":1}');
  assert.equal(writtenLine({ cursor: "c", raw: "{broken" }), "{broken");
});

const ENTRIES = [50, 30, 40, 30, 60].map((level, n) => ({ key: String(n), level }));
const feed = (beyond: unknown = "further") => ({
  entries: ENTRIES,
  settle: () => Promise.resolve(),
  beyond: () => Promise.resolve(beyond),
});

for (const [chosen, direction, kind, found] of [
  ["", 1, ERRORS, "0"],
  ["", -1, ERRORS, "4"],
  ["0", 1, ERRORS, "4"],
  ["4", -1, ERRORS, "0"],
  ["2", 1, WARNINGS, undefined],
  ["4", 1, ERRORS, undefined],
  ["0", 1, WARNINGS, "2"],
] as const) {
  test(`from ${chosen || "nowhere"} ${direction > 0 ? "on" : "back"} ${found === undefined ? "the server is asked" : `line ${found} is next`}`, async () => {
    const { entry, further } = await find(feed(), () => chosen, direction, kind);
    assert.deepEqual([entry?.key, further], found === undefined ? [undefined, "further"] : [found, undefined]);
  });
}

test("hits are what the search found; the server is asked for more where it can tell them", async () => {
  const query = { isEmpty: false, isExact: true, server: { q: "x" } };
  assert.deepEqual(hits(query).filter, { q: "x" });
  assert.equal(hits({ ...query, isExact: false }).filter, undefined);
  assert.equal(hits(query).is({ isHit: true, item: { row: {} } }), true);
  assert.equal(hits(query).is({ isHit: true, item: { gap: {} } }), false);
  assert.equal(hits({ ...query, isEmpty: true }).is({ isHit: true, item: { row: {} } }), false);
  const kind = hits({ ...query, isExact: false });
  assert.deepEqual(await find(feed(), () => "", 1, kind), { entry: undefined });
  assert.equal(nothing(1, kind), "No later hit in what is loaded");
  assert.equal(nothing(-1, ERRORS), "No earlier error in the log");
});
