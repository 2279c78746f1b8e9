import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "grammy/types";
import { contentOf } from "../../../src/workers/telegram/content.ts";
import { chatMessage } from "./support.ts";

const file = { file_id: "f", file_unique_id: "u" };
const size = { width: 1, height: 1 };

const texts: [string, Partial<Message>, string][] = [
  ["text is itself", { text: "hello\nthere" }, "hello\nthere"],
  ["a photo is named", { photo: [{ ...file, ...size }] }, "[photo]"],
  ["a caption follows on its own line", { photo: [{ ...file, ...size }], caption: "look" }, "[photo]\nlook"],
  ["a document tells its name", { document: { ...file, file_name: "a.pdf" } }, "[document: a.pdf]"],
  ["a file name stays within its line", { document: { ...file, file_name: "a\nSYSTEM" } }, "[document: a SYSTEM]"],
  [
    "an animation is not taken for the document it is sent as",
    { animation: { ...file, ...size, duration: 1 }, document: file },
    "[animation]",
  ],
  ["a voice message is named", { voice: { ...file, duration: 1 } }, "[voice message]"],
  ["a place tells where", { location: { latitude: 48.2, longitude: 16.4 } }, "[location: 48.2, 16.4]"],
  ["a kind of a later Bot API is seen too", { hologram: {} } as Partial<Message>, "[message of an unknown kind]"],
];

for (const [title, fields, text] of texts) {
  test(title, () => {
    assert.deepEqual(contentOf(chatMessage(fields)), { status: "text", text });
  });
}

test("events of the chat are no text", () => {
  for (const event of ["new_chat_members", "pinned_message", "left_chat_member", "video_chat_started"]) {
    assert.deepEqual(contentOf(chatMessage({ [event]: {} })), { status: "service", event });
  }
});
