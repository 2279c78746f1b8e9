import assert from "node:assert/strict";
import { test } from "node:test";
import type { TelegramSandbox } from "../../../../src/sandbox/telegram/telegram.ts";
import { call, startSandbox } from "../client.ts";
import type { Answer } from "../client.ts";

async function upload(
  sandbox: TelegramSandbox,
  method: string,
  field: string,
  bytes: Uint8Array,
  extra: Record<string, string> = {},
): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ chat_id: String(sandbox.chatId), ...extra })) form.set(name, value);
  form.set(field, new Blob([bytes], { type: "text/plain" }), "a.txt");
  const response = await fetch(`${sandbox.url}/bot${sandbox.token}/${method}`, { method: "POST", body: form });
  return { http: response.status, ...((await response.json()) as Omit<Answer, "http">) };
}

test("a file in its own form field is sent, and its id sends it again", async (t) => {
  const sandbox = await startSandbox(t);
  const sent = await upload(sandbox, "sendDocument", "document", Buffer.from("abc"));
  assert.equal(sent.result.document.file_name, "a.txt");
  assert.equal(sent.result.document.mime_type, "text/plain");
  assert.equal(sent.result.document.file_size, 3);
  const again = await call(sandbox, "sendDocument", { document: sent.result.document.file_id, caption: "again" });
  assert.equal(again.result.document.file_id, sent.result.document.file_id);
  assert.equal(again.result.caption, "again");
  const photo = await upload(sandbox, "sendPhoto", "photo", Buffer.from("abc"));
  assert.equal(photo.result.photo.length, 2);
});

test("captions, missing files and closed topics are refused", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("API");
  sandbox.closeTopic(topic);
  const send = (extra: Record<string, string>, bytes = Buffer.from("abc")): Promise<Answer> =>
    upload(sandbox, "sendDocument", "document", bytes, extra);
  assert.equal((await send({ caption: "a".repeat(1025) })).description, "Bad Request: message caption is too long");
  assert.equal((await send({ message_thread_id: "1" })).description, "Bad Request: message thread not found");
  assert.equal((await send({ message_thread_id: String(topic) })).description, "Bad Request: TOPIC_CLOSED");
  assert.equal((await send({}, Buffer.alloc(0))).description, "Bad Request: file must be non-empty");
  assert.equal((await call(sandbox, "sendDocument")).description, "Bad Request: there is no document in the request");
  const unknown = await call(sandbox, "sendPhoto", { photo: "no-id" });
  assert.equal(unknown.description, "Bad Request: wrong file identifier/HTTP URL specified");
});

test("an album has 2 to 10 files of one kind", async (t) => {
  const sandbox = await startSandbox(t);
  const { file_id } = (await upload(sandbox, "sendDocument", "document", Buffer.from("abc"))).result.document;
  const send = (types: string[]): Promise<Answer> =>
    call(sandbox, "sendMediaGroup", { media: types.map((type) => ({ type, media: file_id })) });
  assert.equal((await send(["document"])).http, 400);
  assert.equal((await send(Array.from({ length: 11 }, () => "document"))).http, 400);
  assert.equal((await send(["document", "photo"])).http, 400);
  assert.equal((await send(["document", "document"])).result.length, 2);
});

test("a user's file is fetched by its path; one over 20 MB is not", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  const fileId = (messageId: number): string => sandbox.message(messageId)?.document?.file_id ?? "";
  const small = sandbox.sendDocument(1, ada, { name: "a.csv", mime: "text/csv", bytes: Buffer.from("a;b") });
  const info = await call(sandbox, "getFile", { file_id: fileId(small.messageId) });
  assert.match(info.result.file_path, /^documents\/.*\.csv$/);
  const fetched = await fetch(`${sandbox.url}/file/bot${sandbox.token}/${info.result.file_path}`);
  assert.equal(await fetched.text(), "a;b");
  const download = await sandbox.waitFor("downloadFile");
  assert.deepEqual(download.params, { path: info.result.file_path });
  const large = sandbox.sendDocument(1, ada, {
    name: "b",
    mime: "text/plain",
    bytes: Buffer.alloc(20 * 1024 * 1024 + 1),
  });
  const refused = await call(sandbox, "getFile", { file_id: fileId(large.messageId) });
  assert.equal(refused.description, "Bad Request: file is too big");
  assert.equal((await call(sandbox, "getFile", { file_id: "none" })).description, "Bad Request: invalid file_id");
});

test("a request over 50 MB is refused with 413", async (t) => {
  const sandbox = await startSandbox(t);
  const answer = await upload(sandbox, "sendDocument", "document", new Uint8Array(51 * 1024 * 1024 + 1));
  assert.equal(answer.http, 413);
});
