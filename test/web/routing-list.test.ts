import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { page, pageModule, questions } from "./page-module.ts";
import type { Gap } from "./page-module.ts";

type Subscribe = (what: object, listener: object) => () => void;
const { ranged } = await pageModule<{ ranged: (connection: object) => { subscribe: Subscribe } }>(
  "views/routing-range.js",
);
const { windowFilter } = await pageModule<{ windowFilter: (filters: object) => object }>("views/routing-filters.js");

test("in a stretch of time gaps come in their places among the rows", async (t) => {
  const asked = questions(t);
  const told: string[] = [];
  const { subscribe } = ranged({ subscribe: () => () => undefined });
  const end = subscribe(
    { topic: "routing", from: "tail:500", filter: { from: 1, to: 2 } },
    {
      onRows: (rows: { cursor: string }[], last: string) =>
        told.push(`${rows.map(({ cursor }) => cursor).join()} to ${last}`),
      onGap: ({ from, to }: Gap) => told.push(`gap ${from} ${to}`),
      onLive: () => told.push("live"),
    },
  );
  const cut = { bytes: 0, reason: "truncated" };
  const gaps = [
    { index: 0, from: null, to: "g1:0:0", ...cut },
    { index: 2, from: "b", to: "g2:0:0", ...cut },
  ];
  asked[0]?.answer(page(["a", "b", "c"], { gaps }));
  for (let n = 0; n < 100 && !told.includes("live"); n += 1) await turn();
  assert.deepEqual(told, ["gap null g1:0:0", "a,b to b", "gap b g2:0:0", "c to c", "live"]);
  end();
});

test("a thread of the address is asked for if it can be one", () => {
  const none = { thread: "", tier: "", model: "", from: "", to: "", q: "" };
  assert.deepEqual(windowFilter({ ...none, thread: "5" }), { threadId: 5 });
  for (const thread of ["0", "-1", "1.5", "x", "00", "9".repeat(16)]) {
    assert.deepEqual(windowFilter({ ...none, thread }), {}, thread);
  }
});
