import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import {
  incomingConsumer,
  incomingProducer,
  outgoingProducer,
  prepareQueue,
} from "../../../src/core/queue/file-queue.ts";
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
async function openRig(t: TestContext, settings: object = {}) {
  const dir = await mkdtemp(join(tmpdir(), "tinyclaw-processor-"));
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
      workspaceRoot: join(dir, "workspace"),
      clock: systemClock,
      log,
    }),
  ]);
  const { host, launch } = openHost();
  const agent = createClaudeAgent({ env: () => agentEnv(claude.url, dir, 0), log, launch });
  const voice = new Voice({
    outgoing: outgoingProducer(ends),
    clock: systemClock,
    log,
    scrub: (text) => text,
    ring: () => undefined,
  });
  const faults: unknown[] = [];
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
      makeDirectory: makeWorkplaces(join(dir, "workspace"), undefined),
      onSessionLost: (message, reason) => voice.notice(message, "session", reason),
      toolsFor: (message) =>
        createAgentTools(message, { threads, incoming: producer, clock: systemClock, onPublished: () => undefined }),
    }),
    threads,
    history,
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
    claude,
    processor,
    threads,
    names,
    publish: (message: Partial<IncomingMessage>) => producer.publish({ ...example, ...message }),
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

test("a message that fails for its own reason five times becomes a dead letter, and its topic is told once", async (t) => {
  const rig = await openRig(t);
  rig.claude.order({ times: 100, fault: { kind: "status", code: 400 }, match: ({ side }) => !side });
  await rig.publish({});
  await rig.publish({ messageId: "u2", threadId: 6, message: "and this?" });
  await rig.processor.start();
  const dead = await eventually("two dead letters", async () => {
    const found = await rig.names("dead-letter");
    return found.length === 4 ? found : undefined;
  });
  assert.equal(dead.filter((name) => name.endsWith(".why")).length, 2);
  const said = await rig.said();
  assert.deepEqual(said.map(({ kind, messageId }) => `${kind} ${messageId}`).toSorted(), ["failure u1", "failure u2"]);
  assert.match(said[0]?.message ?? "", /^⚠️ I tried this message 5 times/);
  const prompts = await readFile(join(rig.dir, "logs", "prompts.jsonl"), "utf8");
  assert.equal(prompts.trim().split("\n").length, 10, "five tries each");
  assert.deepEqual(await rig.names("processing"), []);
});

test("a turn that is late is ended and counts as a failure", async (t) => {
  const rig = await openRig(t, { turnDeadlineMinutes: 0.02 });
  let asked = 0;
  rig.claude.script = () => {
    asked += 1;
    return asked === 1 ? { text: "too late", delayMs: 30_000 } : { text: "in time" };
  };
  await rig.publish({});
  await rig.processor.start();
  await eventually("the answer", async () => ((await rig.said()).length > 0 ? true : undefined));
  assert.deepEqual(
    (await rig.said()).map(({ message }) => message),
    ["in time"],
  );
  const ledger = await eventually("the end in the ledger", async () => {
    const text = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
    return text.includes('"done"') ? text : undefined;
  });
  assert.deepEqual(ledger.match(/"event":"\w+"/g), [
    '"event":"try"',
    '"event":"fail"',
    '"event":"try"',
    '"event":"done"',
  ]);
});

test("a session that is gone is replaced by a new one that is told the history, and the topic is told", async (t) => {
  const rig = await openRig(t);
  rig.claude.script = ({ userText }) => ({ text: userText.includes("first words") ? "I know" : "what?" });
  await rig.publish({ message: "first words" });
  await rig.processor.start();
  await eventually("the first answer", async () => ((await rig.said()).length === 1 ? true : undefined));
  await rig.threads.update(5, { sessionId: "00000000-0000-4000-8000-000000000000" });
  await rig.publish({ messageId: "u2", message: "and now" });
  await eventually("the second answer", async () => ((await rig.said()).length === 3 ? true : undefined));
  const said = await rig.said();
  assert.deepEqual(
    said.map(({ kind }) => kind),
    ["answer", "notice", "answer"],
  );
  assert.equal(said[2]?.message, "I know", "the new session knows what was said");
});

test("a directory that cannot be made fails the message, not the worker", async (t) => {
  const rig = await openRig(t);
  await writeFile(join(rig.dir, "workspace"), "a file where a folder belongs");
  await rig.publish({});
  await rig.processor.start();
  const said = await eventually("the failure", async () => {
    const all = await rig.said();
    return all.length > 0 ? all : undefined;
  });
  assert.match(said[0]?.message ?? "", /cannot be made/);
});
