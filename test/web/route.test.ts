import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

const { link, parseRoute } = await pageModule<{
  link: (view: string, part?: string | number, query?: Record<string, unknown>) => string;
  parseRoute: (hash: string) => { view: string; part: string; query: URLSearchParams };
}>("route.js");

for (const [hash, view, part, query] of [
  ["", "overview", "", {}],
  ["#", "overview", "", {}],
  ["#/", "overview", "", {}],
  ["#/feed", "feed", "", {}],
  ["#feed", "feed", "", {}],
  ["#/thread/5", "thread", "5", {}],
  ["#/logs/a%2Fb?q=x%20y&q2=", "logs", "a/b", { q: "x y", q2: "" }],
  ["#/feed?a=b?c=d", "feed", "", { a: "b?c=d" }],
  ["#/thread/%E0%A4%A", "thread", "%E0%A4%A", {}],
  ["#/a/b/c", "a", "b/c", {}],
] as const) {
  test(`the address ${JSON.stringify(hash)} is ${view} ${part}`, () => {
    const route = parseRoute(hash);
    assert.deepEqual([route.view, route.part, Object.fromEntries(route.query)], [view, part, query]);
  });
}

test("a link leads back to what it was made of, and leaves out what is empty", () => {
  const hash = link("logs", "a/b ü?#", { q: 'x & y = "z"', n: 0, none: undefined, nothing: null, empty: "" });
  const { view, part, query } = parseRoute(hash);
  assert.deepEqual(
    [view, part, [...query]],
    [
      "logs",
      "a/b ü?#",
      [
        ["q", 'x & y = "z"'],
        ["n", "0"],
      ],
    ],
  );
  assert.equal(link("feed"), "#/feed");
  assert.equal(link("thread", 5), "#/thread/5");
});
