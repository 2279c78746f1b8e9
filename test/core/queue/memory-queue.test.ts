import { queueContract } from "../../contract/queue.contract.ts";
import { incomingKind } from "../../../src/core/queue/kinds.ts";
import { MemoryQueue } from "../../../src/core/queue/memory-queue.ts";
import { ManualClock } from "./support.ts";

queueContract("memory queue", async () => {
  const clock = new ManualClock();
  let queue = new MemoryQueue({ kind: incomingKind, clock });
  const { store } = queue;
  return {
    clock,
    producer: queue,
    consumer: queue,
    async restart() {
      await queue.close();
      queue = new MemoryQueue({ kind: incomingKind, clock, store });
      await queue.open();
      return queue;
    },
  };
});
