import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import {
  incomingConsumer,
  incomingProducer,
  outgoingProducer,
  prepareQueue,
} from "../../../src/core/queue/file-queue.ts";
import type { DiskLevel } from "../../../src/core/disk.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { ClaudeSandbox } from "../../../src/sandbox/claude/claude.ts";
import { createClaudeAgent } from "../../../src/workers/queue/agent.ts";
import { createAgentTools } from "../../../src/workers/queue/cross-thread.ts";
import { History } from "../../../src/workers/queue/history.ts";
import { Journal } from "../../../src/workers/queue/journal.ts";
import { Processor } from "../../../src/workers/queue/processor.ts";
import { ThreadStore } from "../../../src/workers/queue/sessions.ts";
import { SettingsStore } from "../../../src/workers/queue/settings.ts";
import { TurnRunner } from "../../../src/workers/queue/turn.ts";
import { Voice } from "../../../src/workers/queue/voice.ts";
import { makeWorkplaces } from "../../../src/workers/queue/workplace.ts";
import { openHost } from "../../support/agent-host.ts";
import { eventually } from "../../support/eventually.ts";
import { agentEnv } from "./agent-rig.ts";

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The queue worker's inside, put together as it is in the program, with short pauses between tries. */
export async function openRig(t: TestContext, settings: object = {}, workplaces?: string, env: object = {}) {
  const dir = await mkdtemp(join(tmpdir(), "tinyclaw-processor-"));
  const workspaceRoot = workplaces ?? join(dir, "workspace");
  const claude = new ClaudeSandbox();
  await claude.start();
  await writeFile(join(dir, "settings.json"), JSON.stringify(settings));
  const root = join(dir, "queue");
  const ends = { root, sequence: sharedSequence(await prepareQueue(root)), clock: systemClock, logger: log };
  const incoming = incomingConsumer(ends);
  const producer = incomingProducer({ ...ends, onPublished: () => incoming.notify() });
  const [history, journal, threads] = await Promise.all([
    History.open(dir),
    Journal.open(dir, log, (text) => text),
    ThreadStore.open({
      path: join(dir, "threads.json"),
      workspaceRoot,
      clock: systemClock,
      log,
    }),
  ]);
  const { host, launch } = openHost();
  const agent = createClaudeAgent({ env: () => ({ ...agentEnv(claude.url, dir, 0), ...env }), log, launch });
  const voice = new Voice({
    outgoing: outgoingProducer(ends),
    clock: systemClock,
    log,
    scrub: (text) => text,
    ring: () => undefined,
  });
  const faults: unknown[] = [];
  const disk = { level: "ok" as DiskLevel, suspect: () => undefined };
  const processor = new Processor({
    incoming,
    voice,
    turns: new TurnRunner({
      agent,
      threads,
      history,
      journal,
      clock: systemClock,
      log,
      makeDirectory: makeWorkplaces(workspaceRoot, undefined),
      onSessionLost: (message, reason) => voice.notice(message, "session", reason),
      toolsFor: (message) =>
        createAgentTools(message, {
          threads,
          incoming: producer,
          clock: systemClock,
          disk,
          onPublished: () => undefined,
        }),
    }),
    threads,
    history,
    disk,
    settings: new SettingsStore(join(dir, "settings.json"), "UTC", log),
    clock: systemClock,
    log,
    random: () => 0.5,
    onTurn: () => undefined,
    onFault: (error) => faults.push(error),
    retryPausesMs: [10, 20, 30, 40],
  });
  t.after(async () => {
    await processor.stop(0);
    await agent.close();
    await host.close();
    await claude.stop();
    await Promise.all([history.close(), journal.close()]);
    await rm(dir, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  });
  const names = (folder: string) => readdir(join(root, folder));
  return {
    dir,
    ends,
    history,
    incoming,
    claude,
    disk,
    processor,
    threads,
    names,
    publish: (message: Partial<IncomingMessage>) => producer.publish({ ...example, ...message }),
    /** Until no message is in work: an answer and a burial are seen before their message is done with. */
    idle: () => eventually("the end of what is in work", () => (processor.inFlight === 0 ? true : undefined)),
    /** When each turn began, epoch ms. */
    async turnsBegun(): Promise<number[]> {
      const lines = (await readFile(join(dir, "logs", "prompts.jsonl"), "utf8")).split("\n").slice(0, -1);
      return lines.map((line) => (JSON.parse(line) as { timestamp: number }).timestamp);
    },
    /** What the topic would be shown, in order. */
    async said(): Promise<OutgoingMessage[]> {
      const files = (await names("outgoing")).toSorted();
      const texts = await Promise.all(files.map((name) => readFile(join(root, "outgoing", name), "utf8")));
      return texts.map((text) => JSON.parse(text.split("\n")[0] ?? "") as OutgoingMessage);
    },
  };
}

const example: IncomingMessage = {
  channel: "telegram",
  source: "user",
  threadId: 5,
  messageId: "u1",
  sender: "Tester",
  message: "hello",
  timestamp: 1,
  chatMessageId: 1,
};
