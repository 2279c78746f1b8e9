import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

interface Line {
  readonly text: string;
  readonly level?: number;
  readonly threadId?: unknown;
  readonly messageId?: unknown;
  readonly time?: number;
}
interface Query {
  readonly isEmpty: boolean;
  readonly error: string;
  readonly isExact: boolean;
  readonly since: number | undefined;
  readonly phrase: string;
  readonly server: Record<string, unknown>;
  test(line: Line): boolean;
  ranges(text: string): [number, number][];
}
const { parseQuery } = await pageModule<{ parseQuery: (text: string, now?: number) => Query }>("query.js");

const NOW = new Date(2026, 0, 31, 12, 0, 0).getTime();
const LINE: Line = {
  text: "The Queue is full: 3 messages",
  level: 40,
  threadId: 5,
  messageId: "u7",
  time: NOW - 60_000,
};

for (const [text, fits] of [
  ["", true],
  ["queue", true],
  ["QUEUE full", true],
  ["queue empty", false],
  ['"queue is"', true],
  ['"is queue"', false],
  ['"queue is', true],
  ["-empty", true],
  ["-queue", false],
  ['-"queue is"', false],
  ["/q.eue/i", true],
  ["/q.eue/", false],
  ["-/\\d messages$/", false],
  ["level:warn", true],
  ["level:warning", true],
  ["LEVEL:40", true],
  ["level:info,warn", true],
  ["level:error", false],
  ["level:>=warn", true],
  ["level:>warn", false],
  ["level:<=warn", true],
  ["level:<warn", false],
  ["-level:warn", false],
  ["thread:5", true],
  ["thread:4,5", true],
  ["thread:6", false],
  ["-thread:6", true],
  ["thread:5 thread:6", false],
  ["messageId:u7", true],
  ["messageid:u8,u7", true],
  ["messageId:u", false],
  ["since:1m", true],
  ["since:59s", false],
  ["since:11:59", true],
  ["since:12:00", false],
  ["since:2026-01-31", true],
  ["since:2026-02-01", false],
  ["full:", true],
  ["other:thing", false],
] as const) {
  test(`${text || "nothing"} ${fits ? "finds" : "does not find"} the line`, () => {
    const query = parseQuery(text, NOW);
    assert.equal(query.error, "");
    assert.equal(query.test(LINE), fits);
  });
}

for (const [text, server, isExact] of [
  ["", {}, true],
  ["queue", { q: "queue" }, true],
  ["a longer", { q: "longer" }, false],
  ['"queue is"', { q: "queue" }, false],
  ["-queue", {}, false],
  ["/queue/", {}, false],
  ["thread:5", { threadId: [5] }, true],
  ["-thread:5", {}, false],
  ["thread:5 since:1h", { threadId: [5] }, false],
  ["level:>=error", { level: [50, "error", 60, "fatal"] }, true],
  ["messageId:7,u7", { messageId: ["7", 7, "u7"] }, true],
] as const) {
  test(`of ${text || "nothing"} the server is asked ${JSON.stringify(server)}${isExact ? "" : ", which is more than is meant"}`, () => {
    const query = parseQuery(text, NOW);
    assert.deepEqual(query.server, server);
    assert.equal(query.isExact, isExact);
  });
}

for (const [text, error] of [
  ["level:loud", /level:loud is no level: trace, debug/],
  ["level:<trace", /is no level/],
  ["thread:x", /thread:x is no number/],
  ["since:soon", /since:soon is no time/],
  ["since:1", /is no time/],
  ["/(/", /./],
] as const) {
  test(`${text} is refused, and the rest of the search goes on`, () => {
    const query = parseQuery(`${text} queue`, NOW);
    assert.match(query.error, error);
    assert.deepEqual([query.test(LINE), query.test({ text: "x" })], [true, false]);
  });
}

test("what is marked is in order and without overlap, and nothing that must not be there", () => {
  assert.deepEqual(parseQuery("que eue full -is").ranges("Queue, full queue"), [
    [0, 5],
    [7, 11],
    [12, 17],
  ]);
  assert.deepEqual(parseQuery("i").ranges("İi"), [], "where lower case is longer, places would be wrong");
  assert.deepEqual(parseQuery("-queue").ranges("queue"), []);
});

test("the phrase is the longest text that is looked for", () => {
  assert.equal(parseQuery('a "b c d" /eeeeeeeee/ -ffffffffff').phrase, "b c d");
  assert.equal(parseQuery("/x/").phrase, "");
});

test("a search for nothing is empty, one for a time is not", () => {
  assert.deepEqual(
    ["", "  ", "x", "since:1h"].map((text) => parseQuery(text, NOW).isEmpty),
    [true, true, false, false],
  );
  assert.equal(parseQuery("since:2h", NOW).since, NOW - 7_200_000);
});
