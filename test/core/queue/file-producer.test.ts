import assert from "node:assert/strict";
import { watch } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { test } from "node:test";
import { parseEnvelope } from "../../../src/core/queue/envelope.ts";
import { FileProducer } from "../../../src/core/queue/file-producer.ts";
import { incomingKind } from "../../../src/core/queue/kinds.ts";
import { queueLayout } from "../../../src/core/queue/layout.ts";
import { eventually } from "../../support/eventually.ts";
import { boot } from "./file-support.ts";
import { message } from "./support.ts";

test("a message becomes one file of two lines, named by number, thread and key", async (t) => {
  const { incoming, names, path } = await boot(t);
  await incoming.producer.publish(message("u1", { threadId: 7 }));
  assert.deepEqual(await names("incoming"), ["0000000000000001.7.u1.json"]);
  const file = await readFile(path("incoming", "0000000000000001.7.u1.json"));
  assert.deepEqual(parseEnvelope(file), { status: "ok", value: message("u1", { threadId: 7 }) });
  assert.deepEqual(await names("tmp"), []);
});

test("a reader that looks the moment a name appears never sees a part of a file", async (t) => {
  const { incoming, names, path } = await boot(t);
  const looks = new Map<string, Promise<Buffer>>();
  const watcher = watch(path("incoming"), (_event, name) => {
    if (name !== null && !looks.has(name)) looks.set(name, readFile(path("incoming", name)));
  });
  const text = "x".repeat(200_000);
  for (let n = 0; n < 50; n += 1) await incoming.producer.publish(message(`u${n}`, { message: text }));
  await eventually("a look at each name", () => (looks.size === 50 ? true : undefined)).finally(() => watcher.close());
  for (const file of await Promise.all(looks.values())) assert.equal(parseEnvelope(file).status, "ok");
  assert.equal((await names("incoming")).length, 50);
});

test("the doorbell rings after the message is there, and not when it was refused", async (t) => {
  const { root, sequence, names, path } = await boot(t);
  let rings = 0;
  const layout = queueLayout(root);
  const onPublished = (): void => {
    rings += 1;
  };
  const producer = new FileProducer({ layout, readyDir: layout.incoming, kind: incomingKind, sequence, onPublished });
  await producer.publish(message("u1"));
  assert.equal(rings, 1);
  await rm(path("incoming"), { recursive: true });
  await assert.rejects(producer.publish(message("u2")), { code: "queue_write_failed" });
  assert.equal(rings, 1);
  assert.deepEqual(await names("tmp"), []);
});

test("a message that fails does not hold up the next one of its lane", async (t) => {
  const { incoming, names, path } = await boot(t);
  await rm(path("tmp"), { recursive: true });
  const failing = incoming.producer.publish(message("u1"));
  await assert.rejects(failing, { code: "queue_write_failed" });
  await mkdir(path("tmp"));
  await incoming.producer.publish(message("u2"));
  assert.equal((await names("incoming")).length, 1);
});

test("a message larger than any file may be is refused", async (t) => {
  const { incoming, names } = await boot(t);
  const text = "x".repeat(16 * 1024 * 1024);
  await assert.rejects(incoming.producer.publish(message("u1", { message: text })), { code: "queue_message_invalid" });
  assert.deepEqual(await names("incoming"), []);
});
