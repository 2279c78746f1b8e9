/** The queue worker, put together. */
import { join } from "node:path";
import type { TopicNotice } from "../../core/channel/protocol.ts";
import type { QueueConfig } from "../../core/config.ts";
import { DiskWatch, sparingLog } from "../../core/disk-watch.ts";
import { errorCode, systemFault } from "../../core/errors.ts";
import { incomingConsumer, incomingProducer, outgoingProducer } from "../../core/queue/file-queue.ts";
import { sharedSequence } from "../../core/queue/sequence.ts";
import { createScrubber } from "../../core/secrets.ts";
import type { WorkerContext, WorkerService } from "../thread.ts";
import { createClaudeAgent, type Agent } from "./agent.ts";
import { createAgentTools } from "./cross-thread.ts";
import { History } from "./history.ts";
import { CommitIdentity } from "./identity.ts";
import { Journal } from "./journal.ts";
import { Processor } from "./processor.ts";
import { ThreadStore } from "./sessions.ts";
import { SettingsStore } from "./settings.ts";
import { TurnRunner } from "./turn.ts";
import { Voice } from "./voice.ts";
import { makeWorkplaces } from "./workplace.ts";

/** How often the supervisor is told of the agents' processes, ms. */
const AGENTS_EVERY_MS = 2_000;

const SESSION_LOST =
  "ℹ️ The earlier session could not be taken up again; I go on in a new one, with the recent history.";

export async function createQueueWorker(context: WorkerContext<QueueConfig>): Promise<WorkerService> {
  const { config, clock } = context;
  const disk = new DiskWatch({
    dir: config.dir,
    clock,
    log: context.log,
    onChange: () => {
      processor.wake();
    },
  });
  const log = sparingLog(context.log, disk);
  const ends = { root: join(config.dir, "queue"), sequence: sharedSequence(context.sequence), clock, logger: log };
  const scrub = createScrubber(config.agentSecrets);
  const incoming = incomingConsumer({
    ...ends,
    onCorrupt: ({ name, reason }) => {
      log.warn({ name, reason }, "a file that is no message was put aside in queue/corrupt");
    },
  });
  const handOn = incomingProducer(ends);
  const [history, journal, threads] = await Promise.all([
    History.open(config.dir),
    Journal.open(config.dir, log, scrub),
    ThreadStore.open({ path: join(config.dir, "threads.json"), workspaceRoot: config.workspaceRoot, clock, log }),
  ]);
  const brokerUrl = config.agentEnvironment["CREDENTIAL_BROKER_URL"];
  const identity = new CommitIdentity({ brokerUrl, clock, log });
  const agent = createClaudeAgent({
    env: () => ({ ...identity.variables, ...config.agentEnvironment }),
    log,
    clock,
    launch: context.launch,
  });
  const voice = new Voice({
    outgoing: outgoingProducer(ends),
    clock,
    log,
    scrub,
    ring: () => {
      context.tell("published", {});
    },
  });
  const turns = new TurnRunner({
    agent,
    threads,
    history,
    journal,
    clock,
    log,
    makeDirectory: makeWorkplaces(
      config.workspaceRoot,
      config.runAs && { runAs: config.runAs, launch: context.launch, clock },
    ),
    onSessionLost: async (message, reason) => {
      const { threadId, messageId } = message;
      log.warn({ threadId, messageId, reason }, "a session cannot be taken up again; a new one begins");
      await voice.notice(message, "session", SESSION_LOST);
    },
    toolsFor: (message) =>
      createAgentTools(message, {
        threads,
        incoming: handOn,
        clock,
        disk,
        onPublished: () => {
          incoming.notify();
        },
      }),
  });
  const processor = new Processor({
    incoming,
    turns,
    threads,
    history,
    clock,
    disk,
    log,
    voice,
    settings: new SettingsStore(join(config.dir, "settings.json"), config.timeZone, log),
    random: Math.random,
    onTurn: ({ threadId, messageId }, state) => {
      context.tell("turn", { threadId, messageId, state });
    },
    onFault: (error) => {
      context.fail(error);
    },
  });
  let reporting: NodeJS.Timeout | undefined;
  return {
    async start() {
      await identity.start();
      await disk.start();
      await processor.start();
      reporting = setInterval(() => {
        context.reportAgents(running(agent));
      }, AGENTS_EVERY_MS);
    },
    async stop(graceMs) {
      clearInterval(reporting);
      identity.stop();
      await processor.stop(graceMs);
      await disk.stop();
      await agent.close();
      await Promise.all([history.close(), journal.close()]);
    },
    endIdle: (pid) => {
      agent.endIdle(pid);
    },
    progress: () => ({ inFlight: processor.inFlight }),
    hears: {
      published: () => {
        incoming.notify();
      },
      topics: ({ topics }) => {
        learnTopics(threads, topics).catch((error: unknown) => {
          context.fail(error);
        });
      },
    },
  };
}

/** A queue that cannot be laid out will not be laid out by a new start, nor one opened on a disk made read-only. */
export function isPermanentQueueFault(error: unknown): boolean {
  return errorCode(error) === "queue_layout_invalid" || systemFault(error, ["EROFS"]) !== undefined;
}

function running(agent: Agent) {
  return agent.live().flatMap(({ pid, ...rest }) => (pid === undefined ? [] : [{ pid, ...rest }]));
}

async function learnTopics(threads: ThreadStore, topics: readonly TopicNotice[]): Promise<void> {
  for (const { threadId, name, closed } of topics) {
    await threads.ensure(threadId, name);
    if (threads.isClosed(threadId) !== closed) await threads.setClosed(threadId, closed);
  }
}
