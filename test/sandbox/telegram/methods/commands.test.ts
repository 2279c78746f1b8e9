import assert from "node:assert/strict";
import { test } from "node:test";
import { call, startSandbox } from "../client.ts";

const start = { command: "start", description: "Begin" };

test("commands are kept by scope and language", async (t) => {
  const sandbox = await startSandbox(t);
  const scope = { type: "chat", chat_id: sandbox.chatId };
  await call(sandbox, "setMyCommands", { commands: [start] });
  await call(sandbox, "setMyCommands", { commands: [{ ...start, description: "Here" }], scope });
  assert.deepEqual((await call(sandbox, "getMyCommands")).result, [start]);
  assert.deepEqual((await call(sandbox, "getMyCommands", { scope })).result, [{ ...start, description: "Here" }]);
  assert.deepEqual((await call(sandbox, "getMyCommands", { language_code: "de" })).result, []);
  assert.deepEqual(sandbox.commands(), [start]);
  await call(sandbox, "deleteMyCommands");
  assert.deepEqual(sandbox.commands(), []);
});

test("names have 1 to 32 of a-z, 0-9 and _, and a list has at most 100", async (t) => {
  const sandbox = await startSandbox(t);
  const set = async (...commands: object[]): Promise<unknown> =>
    (await call(sandbox, "setMyCommands", { commands })).description;
  for (const command of ["", "Start", "a-b", "a".repeat(33)]) {
    assert.equal(await set({ ...start, command }), "Bad Request: BOT_COMMAND_INVALID", command);
  }
  assert.equal(await set({ ...start, command: "a".repeat(32) }), undefined);
  assert.equal(await set({ ...start, description: "" }), "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
  const many = Array.from({ length: 101 }, (_, index) => ({ ...start, command: `c${index}` }));
  assert.equal(await set(...many), "Bad Request: BOT_COMMANDS_TOO_MUCH");
  assert.equal(await set(...many.slice(1)), undefined);
});
