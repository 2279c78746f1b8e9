import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../src/core/clock.ts";
import type { FileConsumer } from "../src/core/queue/file-consumer.ts";
import { incomingConsumer, incomingProducer, prepareQueue } from "../src/core/queue/file-queue.ts";
import type { IncomingMessage } from "../src/core/queue/message.ts";
import type { Claim, Producer } from "../src/core/queue/queue.ts";
import { sharedSequence } from "../src/core/queue/sequence.ts";
import { quantile } from "./bench.ts";
import type { BenchRow } from "./bench.ts";

const area = "queue";
const ONE_BY_ONE = 400;
const TOGETHER = 1600;
const PRODUCERS = 16;
const AT_ONCE = 4;
const BODY = "x".repeat(500);

interface BenchQueue {
  readonly root: string;
  readonly producer: Producer<IncomingMessage>;
  readonly consumer: FileConsumer<IncomingMessage>;
  close(): Promise<void>;
}

/** The file queue on the disk of the temporary folder, beside the bare system calls that a durable file needs. */
export async function run(): Promise<BenchRow[]> {
  const raw = await rawWrites();
  const alone = await oneByOne();
  const together = await sixteenProducers();
  const small = await claimCost(10);
  const large = await claimCost(10_000);
  const enqueueP99 = quantile(alone.enqueue, 0.99);
  const perSecond = (ONE_BY_ONE * 1000) / sum(alone.enqueue);
  const rawPerSecond = (ONE_BY_ONE * 1000) / sum(raw);
  return [
    row("write + fdatasync + fsync(dir), bare", rawPerSecond, "files/s"),
    row("write + fdatasync + fsync(dir), bare, p50", quantile(raw, 0.5), "ms"),
    { ...row("enqueue, one by one", perSecond, "msgs/s"), target: "≥ 600", ok: perSecond >= 600 },
    row("enqueue, one by one, share of the bare rate", perSecond / rawPerSecond, "×"),
    row("enqueue, p50", quantile(alone.enqueue, 0.5), "ms"),
    { ...row("enqueue, p99", enqueueP99, "ms"), target: "≤ 5", ok: enqueueP99 <= 5 },
    row("enqueue → claim → commit, one by one", (ONE_BY_ONE * 1000) / sum(alone.whole), "msgs/s"),
    row("enqueue → claim → commit, p50", quantile(alone.whole, 0.5), "ms"),
    row("enqueue → claim → commit, p99", quantile(alone.whole, 0.99), "ms"),
    row("enqueue → claim → commit, 16 producers", together.perSecond, "msgs/s"),
    row("the same, share of the bare rate", together.perSecond / rawPerSecond, "×"),
    row("enqueue, 16 producers, p50", quantile(together.enqueue, 0.5), "ms"),
    row("enqueue, 16 producers, p99", quantile(together.enqueue, 0.99), "ms"),
    row("claim, 10 waiting, p50", quantile(small.claims, 0.5), "ms"),
    row("claim, 10 000 waiting, p50", quantile(large.claims, 0.5), "ms"),
    row("commit, p50", quantile(large.commits, 0.5), "ms"),
    { ...row("open with 10 000 waiting", large.openMs, "ms"), target: "≤ 500", ok: large.openMs <= 500 },
  ];
}

function row(what: string, value: number, unit: string): BenchRow {
  return { area, what, value, unit };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function message(n: number, threadId: number): IncomingMessage {
  const timestamp = Date.now();
  return { channel: "bench", source: "cli", threadId, messageId: `m${n}`, sender: "bench", message: BODY, timestamp };
}

async function withQueue<T>(use: (queue: BenchQueue) => Promise<T>): Promise<T> {
  const root = await mkdtemp(path.join(tmpdir(), "tinyclaw-bench-"));
  const queue = await makeQueue(root);
  try {
    return await use(queue);
  } finally {
    await queue.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function makeQueue(root: string): Promise<BenchQueue> {
  const sequence = sharedSequence(await prepareQueue(root));
  const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
  const consumer = incomingConsumer({ root, sequence, clock: systemClock, logger: silent });
  const producer = incomingProducer({
    root,
    sequence,
    onPublished: () => {
      consumer.notify();
    },
  });
  return { root, producer, consumer, close: () => consumer.close() };
}

async function rawWrites(): Promise<number[]> {
  const dir = await mkdtemp(path.join(tmpdir(), "tinyclaw-bench-"));
  const bytes = Buffer.from(JSON.stringify(message(0, 1)));
  const times: number[] = [];
  for (let n = 0; n < ONE_BY_ONE; n += 1) {
    const started = performance.now();
    const file = await open(path.join(dir, `${n}.json`), "wx");
    await file.write(bytes);
    await file.datasync();
    await file.close();
    const folder = await open(dir, "r");
    await folder.sync();
    await folder.close();
    times.push(performance.now() - started);
  }
  await rm(dir, { recursive: true });
  return times;
}

function oneByOne(): Promise<{ enqueue: number[]; whole: number[] }> {
  return withQueue(async ({ producer, consumer }) => {
    await consumer.open();
    const enqueue: number[] = [];
    const whole: number[] = [];
    for (let n = 0; n < ONE_BY_ONE; n += 1) {
      const started = performance.now();
      await producer.publish(message(n, 1 + (n % 4)));
      enqueue.push(performance.now() - started);
      await consumer.commit(await claimWhenReady(consumer));
      whole.push(performance.now() - started);
    }
    return { enqueue, whole };
  });
}

async function claimWhenReady(consumer: FileConsumer<IncomingMessage>): Promise<Claim<IncomingMessage>> {
  for (;;) {
    const ready = new Promise<void>((resolve) => {
      consumer.onReady(resolve);
    });
    const claim = await consumer.claim();
    if (claim !== undefined) return claim;
    await ready;
  }
}

function sixteenProducers(): Promise<{ perSecond: number; enqueue: number[] }> {
  return withQueue(async ({ producer, consumer }) => {
    await consumer.open();
    const enqueue: number[] = [];
    const started = performance.now();
    const consumed = consumeAll(consumer, TOGETHER);
    await Promise.all(
      Array.from({ length: PRODUCERS }, async (_, lane) => {
        for (let n = 0; n < TOGETHER / PRODUCERS; n += 1) {
          const before = performance.now();
          await producer.publish(message(lane * TOGETHER + n, lane + 1));
          enqueue.push(performance.now() - before);
        }
      }),
    );
    await consumed;
    return { perSecond: (TOGETHER * 1000) / (performance.now() - started), enqueue };
  });
}

/** Claims whenever there is something, four messages in work at a time, as the queue worker does. */
function consumeAll(consumer: FileConsumer<IncomingMessage>, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    let working = 0;
    const work = async (): Promise<void> => {
      for (let claim = await consumer.claim(); claim !== undefined; claim = await consumer.claim()) {
        await consumer.commit(claim);
        left -= 1;
      }
      working -= 1;
      if (left === 0) resolve();
    };
    consumer.onReady(() => {
      if (working === AT_ONCE) return;
      working += 1;
      work().catch(reject);
    });
  });
}

/** Cost of a claim, and of its commit, with that many waiting in 20 lanes; and of opening over them. */
function claimCost(waiting: number): Promise<{ claims: number[]; commits: number[]; openMs: number }> {
  return withQueue(async ({ root, producer, consumer }) => {
    for (let at = 0; at < waiting; at += 500) {
      const batch = Array.from({ length: Math.min(500, waiting - at) }, (_, n) => message(at + n, 1 + (n % 20)));
      await Promise.all(batch.map((one) => producer.publish(one)));
    }
    const opened = performance.now();
    await consumer.open();
    const openMs = performance.now() - opened;
    const claims: number[] = [];
    const commits: number[] = [];
    for (let n = 0; n < Math.min(waiting, 200); n += 1) {
      const started = performance.now();
      const claim = await consumer.claim();
      claims.push(performance.now() - started);
      if (claim === undefined) throw new Error(`message ${n} of ${waiting} in ${root} cannot be claimed`);
      const claimed = performance.now();
      await consumer.commit(claim);
      commits.push(performance.now() - claimed);
    }
    return { claims, commits, openMs };
  });
}
