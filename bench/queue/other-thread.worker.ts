/** A consumer in a thread of its own, rung by another; says when it has claimed and when it is done. */
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { openChannel } from "../../src/core/channel/channel.ts";
import type { PeerNotices } from "../../src/core/channel/protocol.ts";
import { systemClock } from "../../src/core/clock.ts";
import { incomingConsumer } from "../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../src/core/queue/sequence.ts";
import { Claimer } from "./claimer.ts";
import { silent } from "./folders.ts";

/** What the thread is given. */
export interface OtherThread {
  readonly root: string;
  readonly sequence: SharedArrayBuffer;
  readonly port: MessagePort;
}

const { root, sequence, port } = workerData as OtherThread;
const consumer = incomingConsumer({ root, sequence: sharedSequence(sequence), clock: systemClock, logger: silent });
const claimer = new Claimer(consumer);
const ignore = (): void => undefined;
const published = (): void => {
  consumer.notify();
};
openChannel<PeerNotices, PeerNotices>(port, { published, topics: ignore, turn: ignore }, (error) => {
  throw error;
});
await consumer.open();
parentPort?.postMessage("open");
for (;;) {
  const claim = await claimer.next();
  const at = process.hrtime.bigint();
  await consumer.commit(claim);
  parentPort?.postMessage(at);
}
