import { readQueueConfig } from "../core/config.ts";
import { createQueueWorker, isPermanentQueueFault } from "./queue/service.ts";
import { runWorker } from "./thread.ts";

await runWorker({
  readConfig: readQueueConfig,
  secrets: (config) => config.agentSecrets,
  create: createQueueWorker,
  isPermanent: isPermanentQueueFault,
});
