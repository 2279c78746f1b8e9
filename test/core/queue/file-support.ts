import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FileConsumer } from "../../../src/core/queue/file-consumer.ts";
import type { FileProducer } from "../../../src/core/queue/file-producer.ts";
import {
  incomingConsumer,
  incomingProducer,
  outgoingConsumer,
  outgoingProducer,
  prepareQueue,
} from "../../../src/core/queue/file-queue.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import type { CorruptFile } from "../../../src/core/queue/quarantine.ts";
import type { SequenceSource } from "../../../src/core/queue/sequence.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { ManualClock, TestLog, closeAfter, temporaryFolder } from "./support.ts";

/** One run of a process over a queue folder; `boot` the same folder again for the next run. */
export interface Run {
  readonly root: string;
  readonly sequence: SequenceSource;
  readonly clock: ManualClock;
  readonly log: TestLog;
  readonly corrupt: CorruptFile[];
  readonly incoming: { producer: FileProducer<IncomingMessage>; consumer: FileConsumer<IncomingMessage> };
  readonly outgoing: { producer: FileProducer<OutgoingMessage>; consumer: FileConsumer<OutgoingMessage> };
  readonly path: (...parts: string[]) => string;
  readonly names: (folder: string) => Promise<string[]>;
  readonly why: (folder: string, name: string) => Promise<Record<string, unknown>>;
}

export async function boot(t: TestContext, folder?: string): Promise<Run> {
  const root = folder ?? (await temporaryFolder(t));
  const sequence = sharedSequence(await prepareQueue(root));
  const clock = new ManualClock();
  clock.advance(Date.now() - clock.now());
  const log = new TestLog();
  const corrupt: CorruptFile[] = [];
  const options = { root, sequence, clock, logger: log, onCorrupt: (file: CorruptFile) => corrupt.push(file) };
  const run: Run = {
    root,
    sequence,
    clock,
    log,
    corrupt,
    incoming: { producer: incomingProducer(options), consumer: incomingConsumer(options) },
    outgoing: { producer: outgoingProducer(options), consumer: outgoingConsumer(options) },
    path: (...parts) => join(root, ...parts),
    names: async (name) => (await readdir(join(root, name))).sort(),
    why: async (name, file) =>
      JSON.parse(await readFile(join(root, name, `${file}.why`), "utf8")) as Record<string, unknown>,
  };
  closeAfter(t, async () => {
    await run.incoming.consumer.close();
    await run.outgoing.consumer.close();
  });
  return run;
}

export function answer(messageId: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    channel: "telegram",
    threadId: 5,
    messageId,
    sender: "assistant",
    message: "Done.",
    timestamp: 1,
    ...fields,
  };
}
