import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { page, pageModule, questions } from "../page-module.ts";
import type { Gap } from "../page-module.ts";

type Subscribe = (what: object, listener: object) => () => void;
const { ranged } = await pageModule<{ ranged: (connection: object) => { subscribe: Subscribe } }>("rows/ranged.js");

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
