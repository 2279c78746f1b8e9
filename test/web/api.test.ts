import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule, questions } from "./page-module.ts";

const { get, getPage, lines, withParameters } = await pageModule<{
  get: (path: string, parameters?: Record<string, unknown>) => Promise<unknown>;
  getPage: (topic: string, filter: object, place: object) => Promise<unknown>;
  lines: (path: string, parameters: object, signal: AbortSignal) => AsyncIterable<unknown>;
  withParameters: (path: string, parameters: Record<string, unknown>) => string;
}>("api.js");

test("parameters that are nothing are left out, and of an array each is given", () => {
  assert.equal(withParameters("/a", {}), "/a");
  assert.equal(withParameters("/a", { b: undefined, c: null, d: "" }), "/a");
  assert.equal(withParameters("/a", { b: 0, c: ["x", "", "y z"] }), "/a?b=0&c=x&c=y+z");
});

test("a page of a list is asked for with its filter and its place", async (t) => {
  const asked = questions(t);
  const answered = getPage("prompts", { threadId: 5, q: "x" }, { n: 3, before: "c" });
  asked[0]?.answer({ items: [] });
  assert.deepEqual(await answered, { items: [] });
  assert.equal(asked[0]?.path, "/api/prompts/recent");
  assert.deepEqual(Object.fromEntries(asked[0].query), { thread: "5", q: "x", full: "0", n: "3", before: "c" });
});

test("a refusal is told in the server's words, or by its status where there are none", async (t) => {
  for (const [response, expected] of [
    [
      Response.json({ error: "bad_cursor", message: "no" }, { status: 400 }),
      { status: 400, code: "bad_cursor", message: "no" },
    ],
    [new Response("<html>", { status: 502 }), { status: 502, code: "unknown", message: "The server answered 502." }],
  ] as const) {
    const fetch = t.mock.method(globalThis, "fetch", () => Promise.resolve(response));
    await assert.rejects(get("/x"), expected);
    fetch.mock.restore();
  }
});

test("lines of JSON come one by one, wherever they are cut on the way", async (t) => {
  const bytes = new TextEncoder().encode('{"a":"ü"}\n{"b":2}\n{"c":3}\n');
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 3) controller.enqueue(bytes.slice(at, at + 3));
      controller.close();
    },
  });
  t.mock.method(globalThis, "fetch", () => Promise.resolve(new Response(body)));
  const found = [];
  for await (const line of lines("/x", {}, new AbortController().signal)) found.push(line);
  assert.deepEqual(found, [{ a: "ü" }, { b: 2 }, { c: 3 }]);
});
