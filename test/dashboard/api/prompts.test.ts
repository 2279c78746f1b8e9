import assert from "node:assert/strict";
import { test } from "node:test";
import { listOf, refusalOf, stage } from "./stage.ts";

const attempt = (messageId: unknown, timestamp: number, prompt: string): object => ({
  timestamp,
  messageId,
  systemPrompt: "s",
  prompt,
  promptLength: prompt.length,
});

test("a prompt is the latest attempt, whole", async (t) => {
  const { get, append } = await stage(t);
  await append("prompts", attempt("u1", 1, "first"), attempt("u1", 2, "second"), attempt("u2", 3, "other"));
  const got = await get("/api/prompts/u1");
  const { cursor, ...record } = JSON.parse(got.text) as { cursor: string };
  assert.deepEqual(record, attempt("u1", 2, "second"));
  assert.match(cursor, /:/);
  const again = await get("/api/prompts/u1", { "if-none-match": got.headers["etag"] ?? "" });
  assert.equal(again.status, 304);
  await append("prompts", attempt("u1", 4, "third"));
  assert.match((await get("/api/prompts/u1", { "if-none-match": got.headers["etag"] ?? "" })).text, /third/);
});

test("a message's id is decoded, and may be anything but a path", async (t) => {
  const { get, append } = await stage(t);
  await append("prompts", attempt("a/b ü", 1, "odd"), attempt(42, 2, "number"));
  await append("prompts", attempt("", 3, "nameless"), attempt("x".repeat(257), 4, "long"));
  assert.match((await get(`/api/prompts/${encodeURIComponent("a/b ü")}`)).text, /odd/);
  assert.match((await get("/api/prompts/42")).text, /number/);
  for (const id of ["u9", "..%2f..%2fetc%2fpasswd", "%00", "%ff", "x".repeat(257), "a/b", ""]) {
    assert.deepEqual(refusalOf(await get(`/api/prompts/${id}`)), [404, "not_found"], id);
  }
});

test("a cursor names one attempt, whichever is the latest", async (t) => {
  const { get, append } = await stage(t);
  await append("prompts", attempt("u1", 1, "first"), attempt("u1", 2, "second"), attempt("u1", 3, "third"));
  const { items } = listOf(await get("/api/prompts/recent?full=0"));
  for (const [index, prompt] of ["first", "second", "third"].entries()) {
    assert.match((await get(`/api/prompts/${items[index]?.cursor}`)).text, new RegExp(`"prompt":"${prompt}"`));
  }
  const [gen, offset, check] = items[1]?.cursor.split(":") ?? [];
  const between = `${gen}:${Number(offset) - 1}:${check}`;
  assert.deepEqual(refusalOf(await get(`/api/prompts/${between}`)), [404, "not_found"]);
});

test("two prompts are compared: the latest attempt of each, or those that cursors name", async (t) => {
  const compared: string[][] = [];
  const diff = (a: string, b: string): Promise<{ hunks: object[] }> => {
    compared.push([a, b]);
    return Promise.resolve({ hunks: [{ oldStart: 1 }] });
  };
  const { get, append } = await stage(t, { diff });
  await append("prompts", attempt("u1", 1, "first"), attempt("u1", 2, "second"), attempt("u2", 3, "other"));
  const got = await get("/api/prompts/diff?a=u1&b=u2");
  assert.deepEqual(JSON.parse(got.text), {
    a: { messageId: "u1", timestamp: 2, promptLength: 6 },
    b: { messageId: "u2", timestamp: 3, promptLength: 5 },
    hunks: [{ oldStart: 1 }],
  });
  const again = await get("/api/prompts/diff?a=u1&b=u2", { "if-none-match": got.headers["etag"] ?? "" });
  assert.equal(again.status, 304);
  const { items } = listOf(await get("/api/prompts/recent"));
  await get(`/api/prompts/diff?a=${items[0]?.cursor}&b=${items[1]?.cursor}`);
  assert.deepEqual(compared, [
    ["second", "other"],
    ["first", "second"],
  ]);
});

test("a comparison needs two prompts that are there", async (t) => {
  const { get, append } = await stage(t);
  await append("prompts", attempt("u1", 1, "first"));
  for (const query of ["", "?a=u1", "?a=u1&b=", "?a=u1&b=u1&c=1", "?a=u1&a=u1&b=u1"]) {
    assert.deepEqual(refusalOf(await get(`/api/prompts/diff${query}`)), [400, "bad_parameter"], query);
  }
  assert.deepEqual(refusalOf(await get("/api/prompts/diff?a=u1&b=u2")), [404, "not_found"]);
  assert.deepEqual(refusalOf(await get("/api/prompts/diff?a=u2&b=u1")), [404, "not_found"]);
});

test("a record whose prompt is no text is compared as an empty one", async (t) => {
  const diff = (a: string, b: string): Promise<{ hunks: object[] }> => Promise.resolve({ hunks: [{ a, b }] });
  const { get, append } = await stage(t, { diff });
  await append("prompts", { messageId: "u1", prompt: { length: 9 } }, { messageId: "u2", prompt: "x" });
  const { hunks } = JSON.parse((await get("/api/prompts/diff?a=u1&b=u2")).text) as { hunks: object[] };
  assert.deepEqual(hunks, [{ a: "", b: "x" }]);
});
