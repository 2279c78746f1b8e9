import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, GrammyError, HttpError } from "grammy";
import { Secret, createScrubber } from "../../../src/core/secrets.ts";
import { classify, endOfPolling, explain } from "../../../src/workers/telegram/errors.ts";

const token = `123456:${"x".repeat(35)}`;
const scrub = createScrubber([new Secret(token)]);

function refusal(code: number, description: string, parameters = {}): GrammyError {
  return new GrammyError("x", { ok: false, error_code: code, description, parameters }, "sendMessage", {});
}

test("an answer is sorted by its code", () => {
  assert.deepEqual(classify(refusal(429, "slow", { retry_after: 7 })), { status: "limited", waitMs: 7_000 });
  assert.deepEqual(classify(refusal(429, "slow")), { status: "limited", waitMs: 5_000 });
  for (const code of [404, 500, 502, 503]) assert.deepEqual(classify(refusal(code, "x")), { status: "unreachable" });
  assert.deepEqual(classify(refusal(401, "Unauthorized")), { status: "unauthorized" });
  const reason = "Telegram refuses it (400): why";
  assert.deepEqual(classify(refusal(400, "why")), { status: "refused", reason });
  assert.deepEqual(classify(new HttpError("x", new Error("y"))), { status: "unreachable" });
  assert.deepEqual(classify(new TypeError("x")), { status: "fault" });
});

test("what people can undo is waited for: a bot put out or muted, a topic closed", () => {
  for (const [code, description] of [
    [403, "Forbidden: bot was kicked from the supergroup chat"],
    [400, "Bad Request: TOPIC_CLOSED"],
    [400, "Bad Request: not enough rights to send text messages to the chat"],
  ] as const) {
    assert.deepEqual(classify(refusal(code, description)), { status: "unreachable" });
  }
});

test("a real network error is told without the token that its address holds", async () => {
  const api = new Api(token, { apiRoot: "http://127.0.0.1:1" });
  const error: unknown = await api.getMe().catch((thrown: unknown) => thrown);
  assert.ok(error instanceof HttpError);
  assert.match((error.error as Error).message, new RegExp(token));
  assert.match(explain(error, scrub), /getMe.*ECONNREFUSED/);
  assert.doesNotMatch(explain(error, scrub), /x{35}/);
});

test("an error without a code is told in its own words, the token taken out", () => {
  const error = new HttpError("failed", new Error(`invalid json at http://h/bot${token}/getMe`));
  assert.equal(explain(error, scrub), "failed invalid json at http://h/bot[secret]/getMe");
});

test("what ends polling holds nothing of grammY's error", () => {
  const network = endOfPolling(new HttpError("failed", new Error(`http://h/bot${token}/getMe`)), scrub);
  assert.equal(network.code, "telegram_failed");
  assert.equal(network.cause, undefined);
  assert.doesNotMatch(JSON.stringify(network) + String(network.stack), /x{35}/);
  for (const code of [401, 404]) assert.equal(endOfPolling(refusal(code, "x"), scrub).code, "telegram_unauthorized");
});
