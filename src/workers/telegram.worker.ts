import { readTelegramConfig } from "../core/config.ts";
import { createTelegramService, isPermanentTelegramFault } from "./telegram/service.ts";
import { runWorker } from "./thread.ts";

await runWorker({
  readConfig: readTelegramConfig,
  secrets: (config) => [config.token],
  create: createTelegramService,
  isPermanent: isPermanentTelegramFault,
});
