import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import { openChannel } from "../../src/core/channel/channel.ts";
import type { PeerNotices } from "../../src/core/channel/protocol.ts";
import { incomingProducer, prepareQueue } from "../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../src/core/queue/sequence.ts";
import { message, withFolder } from "./folders.ts";
import type { OtherThread } from "./other-thread.worker.ts";

const THREAD = new URL("./other-thread.worker.js", import.meta.url);

/** From a message's being stored by this thread to its being in work in another: ms, one by one, a list a repeat. */
export function acrossThreads(repeats: number, count: number): Promise<number[][]> {
  return withFolder(async (root) => {
    const buffer = await prepareQueue(root);
    const { port1, port2 } = new MessageChannel();
    const given: OtherThread = { root, sequence: buffer, port: port2 };
    const thread = new Worker(THREAD, { workerData: given, transferList: [port2] });
    const ignore = (): void => undefined;
    const handlers = { published: ignore, topics: ignore, turn: ignore };
    const bell = openChannel<PeerNotices, PeerNotices>(port1, handlers, ignore);
    const onPublished = (): void => {
      bell.send("published", {});
    };
    const producer = incomingProducer({ root, sequence: sharedSequence(buffer), onPublished });
    await once(thread, "message");
    const one = async (n: number): Promise<number> => {
      const claimed = once(thread, "message") as Promise<[bigint]>;
      await producer.publish(message(n));
      const stored = process.hrtime.bigint();
      const [at] = await claimed;
      return Number(at - stored) / 1e6;
    };
    const all: number[][] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const times: number[] = [];
      for (let n = 0; n < count; n += 1) times.push(await one(repeat * count + n));
      all.push(times);
    }
    port1.close();
    await thread.terminate();
    return all;
  });
}
