import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { encodeEnvelope } from "../../src/core/queue/envelope.ts";
import type { FileConsumer } from "../../src/core/queue/file-consumer.ts";
import { formatFileName } from "../../src/core/queue/file-name.ts";
import { incomingConsumer, incomingProducer, prepareQueue } from "../../src/core/queue/file-queue.ts";
import { queueLayout } from "../../src/core/queue/layout.ts";
import type { IncomingMessage } from "../../src/core/queue/message.ts";
import type { Producer } from "../../src/core/queue/queue.ts";
import { PERSON } from "../../src/core/queue/rank.ts";
import { sharedSequence } from "../../src/core/queue/sequence.ts";
import { Claimer } from "./claimer.ts";
import { inParallel } from "./contender.ts";
import type { Contender, Left } from "./contender.ts";
import { message, silent, timed } from "./folders.ts";

export interface OurContender extends Contender {
  close(): Promise<void>;
}

interface OurQueue {
  readonly producer: Producer<IncomingMessage>;
  readonly consumer: FileConsumer<IncomingMessage>;
}

export async function ours(root: string): Promise<OurContender> {
  const opened = new Map<string, OurQueue>();
  const opening = async (name: string): Promise<OurQueue> => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const queue = await makeQueue(path.join(root, `ours-${name}`));
    await queue.consumer.open();
    opened.set(name, queue);
    return queue;
  };
  // Its consumer never opens: in the bot that is in another thread.
  const { producer } = await makeQueue(path.join(root, "ours"));
  const waiting = await opening("waiting");
  const claimer = new Claimer(waiting.consumer);
  let stored = 0;
  const publish = (to: Producer<IncomingMessage>): Promise<void> => to.publish(message((stored += 1)));
  return {
    name: "ours",
    durable: true,
    enqueue: () => timed(() => publish(producer)),
    together: (count, producers) => timed(() => inParallel(count, producers, () => publish(producer))),
    async claimed() {
      const claimed = claimer.next().then((claim) => ({ claim, at: performance.now() }));
      await publish(waiting.producer);
      const at = performance.now();
      const taken = await claimed;
      await waiting.consumer.commit(taken.claim);
      return taken.at - at;
    },
    async fill(name, count) {
      const queue = await opening(name);
      const before = queue.consumer.depth().waiting;
      await inParallel(count, 64, () => publish(queue.producer));
      while (queue.consumer.depth().waiting < before + count) await systemClock.sleep(1);
    },
    async claim(name) {
      const { consumer } = await opening(name);
      const started = performance.now();
      const claim = await consumer.claim();
      const took = performance.now() - started;
      if (claim === undefined) throw new Error(`nothing waits in ${name}`);
      await consumer.commit(claim);
      return took;
    },
    recover: (count, left) => recover(path.join(root, `ours-${left}-${(stored += 1)}`), count, left),
    async close() {
      for (const { consumer } of opened.values()) await consumer.close();
    },
  };
}

async function makeQueue(root: string): Promise<OurQueue> {
  const sequence = sharedSequence(await prepareQueue(root));
  const consumer = incomingConsumer({ root, sequence, clock: systemClock, logger: silent });
  const onPublished = (): void => {
    consumer.notify();
  };
  return { producer: incomingProducer({ root, sequence, onPublished }), consumer };
}

async function recover(root: string, count: number, left: Left): Promise<number> {
  await leave(root, count, left);
  const started = performance.now();
  const { consumer } = await makeQueue(root);
  await consumer.open();
  const took = performance.now() - started;
  const { waiting } = consumer.depth();
  await consumer.close();
  const wanted = left === "answered" ? 0 : count;
  if (waiting !== wanted) throw new Error(`${waiting} messages wait in ${root} after a kill, and not ${wanted}`);
  return took;
}

/** What a kill leaves: messages that wait, or that were in work with a `try` each, and their answers if they have any. */
async function leave(root: string, count: number, left: Left): Promise<void> {
  await prepareQueue(root);
  const layout = queueLayout(root);
  const tries: string[] = [];
  const dir = left === "waiting" ? layout.incoming : layout.processing;
  await inParallel(count, 16, async (n) => {
    const one = message(n);
    const nameWith = (seq: number): string =>
      formatFileName({ seq, lane: one.threadId, rank: PERSON, key: one.messageId });
    await writeFile(path.join(dir, nameWith(n + 1)), encodeEnvelope(one));
    if (left === "answered") {
      await writeFile(path.join(layout.outgoing, nameWith(count + n + 1)), encodeEnvelope(one));
    }
    if (left !== "waiting")
      tries.push(JSON.stringify({ timestamp: Date.now(), key: one.messageId, event: "try", seq: n + 1 }));
  });
  await writeFile(layout.ledger, tries.map((line) => `${line}\n`).join(""));
  // What a start has to write down is then all that it waits for.
  execFileSync("sync");
}
