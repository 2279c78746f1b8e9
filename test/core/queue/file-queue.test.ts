import { queueContract } from "../../contract/queue.contract.ts";
import { incomingConsumer, incomingProducer, prepareQueue } from "../../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { ManualClock, TestLog, closeAfter, temporaryFolder } from "./support.ts";

queueContract("file queue", async (t) => {
  const clock = new ManualClock();
  const root = await temporaryFolder(t);
  const logger = new TestLog();
  const sequence = sharedSequence(await prepareQueue(root));
  const make = () => incomingConsumer({ root, sequence, clock, logger });
  let current = make();
  closeAfter(t, () => current.close());
  return {
    clock,
    producer: incomingProducer({ root, sequence }),
    consumer: current,
    async restart() {
      await current.close();
      current = make();
      await current.open();
      return current;
    },
  };
});
