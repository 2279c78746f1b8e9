import assert from "node:assert/strict";
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { PeerNotices } from "../../../src/core/channel/protocol.ts";
import { outgoingProducer, prepareQueue } from "../../../src/core/queue/file-queue.ts";
import type { OutgoingMessage } from "../../../src/core/queue/message.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { openHost } from "../../support/agent-host.ts";
import { Secret } from "../../../src/core/secrets.ts";
import { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import { createTelegramService } from "../../../src/workers/telegram/service.ts";
import { answer } from "../../core/queue/file-support.ts";
import { withoutHints } from "../../core/queue/no-hints.ts";
import { closeAfter, temporaryFolder } from "../../core/queue/support.ts";
import { isOpen } from "../../core/queue/syncs.ts";
import { eventually } from "../../support/eventually.ts";
import { createLogLines } from "./support.ts";

/** The worker as its thread has it, with queues that have nothing but their doorbells. */
async function startService(t: TestContext) {
  const clock = withoutHints(t);
  const dir = await temporaryFolder(t);
  const root = join(dir, "queue");
  const sequence = await prepareQueue(root);
  const telegram = new TelegramSandbox();
  await telegram.start();
  const told: (keyof PeerNotices)[] = [];
  let rung = (): void => undefined;
  const published = new Promise<void>((resolve) => {
    rung = resolve;
  });
  const service = await createTelegramService({
    config: {
      dir,
      timeZone: "UTC",
      logLevel: "info",
      token: new Secret(telegram.token),
      chatId: telegram.chatId,
      allowedUsers: new Set(),
      apiRoot: telegram.url,
    },
    log: createLogLines(),
    clock,
    sequence,
    tell: (name) => {
      told.push(name);
      if (name === "published") rung();
    },
    reportAgents: () => undefined,
    launch: openHost().launch,
    fail: (error) => {
      throw error;
    },
  });
  closeAfter(t, async () => {
    await service.stop(1000);
    await telegram.stop();
  });
  await service.start();
  const producer = outgoingProducer({ root, sequence: sharedSequence(sequence) });
  const publish = async (message: Partial<OutgoingMessage>): Promise<void> => {
    await producer.publish(answer("u1", { threadId: 1, ...message }));
    service.hears.published?.({});
  };
  return { telegram, service, producer, publish, told, published, outgoing: join(root, "outgoing") };
}

test(
  "an answer is posted when the other worker says that it has published, and not before",
  { timeout: 30_000 },
  async (t) => {
    const { telegram, service, producer } = await startService(t);
    const posts = (): number => telegram.calls.filter(({ method }) => method === "sendMessage").length;
    await producer.publish(answer("u1", { threadId: 1 }));
    await pause(1000);
    assert.equal(posts(), 0);
    service.hears.published?.({});
    await telegram.waitFor("sendMessage", { timeoutMs: 20_000 });
    assert.equal(posts(), 1);
  },
);

test("a message of the chat is rung for when it is stored", { timeout: 30_000 }, async (t) => {
  const { telegram, told, published } = await startService(t);
  assert.equal(told.includes("published"), false);
  telegram.sendText(1, telegram.addUser({ firstName: "Ada" }), "hello");
  await published;
});

test("a message that is taken away by hand while it waits is forgotten", { timeout: 30_000 }, async (t) => {
  const { telegram, service, publish, outgoing } = await startService(t);
  const posted = (text: string, status = 200) =>
    telegram.waitFor((call) => String(call.params["text"]).startsWith(text) && call.status === status);
  const isSecondHalf = (params: Readonly<Record<string, unknown>>): boolean => String(params["text"]).startsWith("b");
  const fault = { kind: "status", code: 502, description: "Bad Gateway" } as const;
  const lift = telegram.order({ method: "sendMessage", match: isSecondHalf, fault, times: Infinity });
  await publish({ message: `${"a".repeat(4000)}\n\n${"b".repeat(4000)}` });
  await posted("b", 502);
  for (const name of await readdir(outgoing)) await unlink(join(outgoing, name));
  await publish({ messageId: "u2", message: "second" });
  await posted("second");
  await eventually("an empty queue", async () =>
    (await readdir(outgoing)).length === 0 && service.progress().inFlight === 0 ? true : undefined,
  );
  await isOpen(Promise.resolve());
  lift();
  await publish({ message: "another of its name" });
  await posted("another");
});
