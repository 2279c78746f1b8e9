import { randomUUID } from "node:crypto";
import { MessageChannel } from "node:worker_threads";
import { systemClock } from "../../src/core/clock.ts";
import type { RunAs } from "../../src/core/config.ts";
import { AgentHost } from "../../src/supervisor/agent-host.ts";
import { sweep } from "../../src/supervisor/sweep.ts";
import type { Launch } from "../../src/workers/queue/agent-remote.ts";
import { memoryLog } from "./memory-log.ts";

/** A host in this thread, as the supervisor has one, and what a worker is given of it. */
export function openHost(options: { runAs?: RunAs; mark?: string } = {}): { host: AgentHost; launch: Launch } {
  const { runAs, mark = randomUUID() } = options;
  const host = new AgentHost({
    clock: systemClock,
    log: memoryLog().log,
    runAs,
    mark,
    sweep: (mine) => sweep(mine, { clock: systemClock, runAs, helper: "" }),
  });
  return {
    host,
    launch: (request) => {
      const { port1, port2 } = new MessageChannel();
      host.spawn(request, port2);
      return port1;
    },
  };
}
