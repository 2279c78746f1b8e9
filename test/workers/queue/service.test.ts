import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { PeerNotices } from "../../../src/core/channel/protocol.ts";
import { incomingProducer, prepareQueue } from "../../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { createQueueWorker } from "../../../src/workers/queue/service.ts";
import { withoutHints } from "../../core/queue/no-hints.ts";
import { closeAfter, message, temporaryFolder } from "../../core/queue/support.ts";
import { openHost } from "../../support/agent-host.ts";
import { memoryLog } from "../../support/memory-log.ts";

test(
  "a message is taken up when the other worker says that it has published, and not before",
  { timeout: 30_000 },
  async (t) => {
    const clock = withoutHints(t);
    const dir = await temporaryFolder(t);
    const root = join(dir, "queue");
    const sequence = await prepareQueue(root);
    // In the way of the thread's directory, so that the turn ends before it needs an agent.
    await writeFile(join(dir, "workspace"), "");
    const told: (keyof PeerNotices)[] = [];
    let rung = (): void => undefined;
    const answering = new Promise<void>((resolve) => {
      rung = resolve;
    });
    const worker = await createQueueWorker({
      config: {
        dir,
        timeZone: "UTC",
        logLevel: "info",
        workspaceRoot: join(dir, "workspace"),
        agentEnvironment: {},
        runAs: undefined,
        agentSecrets: [],
      },
      log: memoryLog().log,
      clock,
      sequence,
      tell: (name) => {
        told.push(name);
        if (name === "published") rung();
      },
      reportAgents: () => undefined,
      launch: openHost().launch,
      fail: (error) => {
        throw error;
      },
    });
    await worker.start();
    closeAfter(t, () => worker.stop(1000));
    // One that its topic has not seen is repeated there first, and that is rung for too.
    await incomingProducer({ root, sequence: sharedSequence(sequence) }).publish(message("u1", { source: "cli" }));
    await pause(1000);
    assert.deepEqual(told, []);
    worker.hears.published?.({});
    await answering;
    assert.deepEqual(told.slice(0, 2), ["turn", "published"]);
  },
);
