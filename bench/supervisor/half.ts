/**
 * Half of the older design: what one of our workers does, as a program of its own. `half.js queue`, `half.js telegram`.
 * SIGUSR2 makes it crash. The bot's data directory must be laid out already.
 */
import { join } from "node:path";
import type { CommonConfig } from "../../src/core/config.ts";
import type { Secret } from "../../src/core/secrets.ts";
import type { WorkerContext } from "../../src/workers/thread.ts";

type Half = "queue" | "telegram";

async function contextOf<C extends CommonConfig>(
  half: Half,
  config: C,
  secrets: readonly Secret[],
): Promise<WorkerContext<C>> {
  const [{ openLog }, { systemClock }, { sequenceBuffer }] = await Promise.all([
    import("../../src/core/log.ts"),
    import("../../src/core/clock.ts"),
    import("../../src/core/queue/sequence.ts"),
  ]);
  const dir = join(config.dir, "logs");
  const { logger } = await openLog({ dir, source: half, level: config.logLevel, secrets, stdout: true });
  return {
    config,
    log: logger,
    clock: systemClock,
    sequence: sequenceBuffer(0),
    tell: () => undefined,
    reportAgents: () => undefined,
    launch() {
      throw new Error("no agent is started here");
    },
    fail(error) {
      throw error;
    },
  };
}

async function queueHalf() {
  const [{ readQueueConfig }, { createQueueWorker }] = await Promise.all([
    import("../../src/core/config.ts"),
    import("../../src/workers/queue/service.ts"),
    // That design loads it at its start.
    import("@anthropic-ai/claude-agent-sdk"),
  ]);
  const config = readQueueConfig(process.env);
  return createQueueWorker(await contextOf("queue", config, config.agentSecrets));
}

async function telegramHalf() {
  const [{ readTelegramConfig }, { createTelegramService }] = await Promise.all([
    import("../../src/core/config.ts"),
    import("../../src/workers/telegram/service.ts"),
  ]);
  const config = readTelegramConfig(process.env);
  return createTelegramService(await contextOf("telegram", config, [config.token]));
}

const half: Half = process.argv[2] === "queue" ? "queue" : "telegram";
const service = await (half === "queue" ? queueHalf() : telegramHalf());
await service.start();
process.on("SIGUSR2", () => {
  throw new Error("as ordered by the benchmark");
});
console.log(JSON.stringify({ time: Date.now(), source: half, msg: "ready", pid: process.pid }));
