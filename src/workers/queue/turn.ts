import type { Clock } from "../../core/clock.ts";
import { strongerModel, type Model } from "../../core/ids.ts";
import { describeError, systemFault } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import { route, type RoutingDecision } from "../router/router.ts";
import type { Agent, AgentEvent, AgentTools, TurnResult } from "./agent-port.ts";
import type { History } from "./history.ts";
import type { ActivityEntry, Journal } from "./journal.ts";
import { buildPrompt, buildSystemPrompt, HISTORY_ENTRIES } from "./prompt.ts";
import type { Thread, ThreadStore } from "./sessions.ts";
import type { Settings } from "./settings.ts";

/** What a directory is refused with that is no fault of its message's, and passes. */
const PASSING = ["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "EIO", "ENOMEM", "EAGAIN"];

export interface TurnDeps {
  readonly agent: Agent;
  readonly threads: ThreadStore;
  readonly history: History;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes the directory an agent works in, where it is missing. */
  readonly makeDirectory: (path: string) => Promise<void>;
  /** The session is gone, and a new one is about to begin. */
  readonly onSessionLost: (message: IncomingMessage, reason: string) => Promise<void>;
  /** The tools of an agent that works on this message. */
  readonly toolsFor: (message: IncomingMessage) => AgentTools;
}

/** A turn as it ended, with what the records of its answer need. */
export interface Turn {
  readonly thread: Thread;
  readonly model: Model;
  readonly decision: RoutingDecision;
  readonly result: TurnResult;
}

/** What a try needs. */
interface Work {
  readonly message: IncomingMessage;
  readonly thread: Thread;
  readonly model: Model;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** An earlier try did not come to its end. */
  readonly cutOff: boolean;
  readonly onHeard: () => void;
}

/** How a message is tried. */
interface Try {
  /** The message was in work before. */
  readonly tried: boolean;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** Claude has said something: it can be had. */
  readonly onHeard: () => void;
}

/**
 * One message and its answer: route, write down, prompt, run. Knows nothing of the queue's commit and retry. Rejects with
 * what is no fault of the message's.
 */
export class TurnRunner {
  readonly #deps: TurnDeps;

  constructor(deps: TurnDeps) {
    this.#deps = deps;
  }

  async run(message: IncomingMessage, { tried, ...terms }: Try): Promise<Turn> {
    const { threads, history, clock } = this.#deps;
    const decision = route({
      text: message.message,
      ...(message.replyToModel === undefined ? {} : { replyToModel: message.replyToModel }),
    });
    const thread = await threads.ensure(message.threadId, message.topicName);
    const chosen = thread.modelChoice === "auto" ? decision.effectiveModel : thread.modelChoice;
    const model = strongerModel(chosen, message.replyToModel ?? chosen);
    const record = await history.record({
      timestamp: message.timestamp,
      threadId: message.threadId,
      messageId: message.messageId,
      direction: "in",
      channel: message.channel,
      source: message.source,
      sender: message.sender,
      message: message.message,
      tier: decision.tier,
      model,
      ...(message.sourceThreadId === undefined ? {} : { sourceThreadId: message.sourceThreadId }),
      ...(message.replyToText === undefined ? {} : { replyTo: message.replyToText }),
    });
    if (record === "new") await this.#recordRouting(message, decision, model);
    await threads.update(message.threadId, { model, status: "running", lastActive: clock.now() });
    const work: Work = { message, thread, model, ...terms, cutOff: tried || record === "known" };
    return { thread, model, decision, result: await this.#runSession(work) };
  }

  /** Goes on in the thread's session; in a new one, once, when that cannot be taken up again. */
  async #runSession(work: Work): Promise<TurnResult> {
    const result = await this.#runAgent(work);
    if (result.status !== "session_lost") return result;
    await this.#deps.threads.update(work.thread.threadId, { sessionId: undefined });
    await this.#deps.onSessionLost(work.message, result.reason);
    return this.#runAgent(work);
  }

  async #recordRouting(message: IncomingMessage, decision: RoutingDecision, model: Model): Promise<void> {
    const { effectiveModel, ...scored } = decision;
    const chosen = model !== effectiveModel;
    await this.#deps.journal.routing({
      timestamp: this.#deps.clock.now(),
      threadId: message.threadId,
      messageId: message.messageId,
      input: message.message,
      ...scored,
      effectiveModel: model,
      replyUpgrade: chosen ? false : decision.replyUpgrade,
      reason: chosen ? `${decision.reason} The thread is set to ${model}.` : decision.reason,
    });
  }

  async #runAgent(work: Work): Promise<TurnResult> {
    const { message, thread, model, signal } = work;
    const { agent, journal, threads, clock, log } = this.#deps;
    try {
      await this.#deps.makeDirectory(thread.cwd);
    } catch (error) {
      if (systemFault(error, PASSING) !== undefined) throw error;
      return { status: "failed", reason: `its directory ${thread.cwd} cannot be made (${describeError(error)}).` };
    }
    const systemPrompt = buildSystemPrompt(thread);
    const prompt = await this.#prompt(work);
    const { sessionId } = thread;
    await journal.prompt({
      timestamp: clock.now(),
      threadId: thread.threadId,
      messageId: message.messageId,
      ...(sessionId === undefined ? {} : { sessionId }),
      model,
      systemPrompt,
      userMessage: message.message,
      prompt: prompt.text,
      historyInjected: prompt.historyLines > 0,
      historyLines: prompt.historyLines,
      promptLength: prompt.text.length,
    });
    const mark = { threadId: thread.threadId, messageId: message.messageId };
    const note = (entry: Omit<ActivityEntry, "timestamp" | "threadId" | "messageId">): void => {
      void journal.activity({ timestamp: clock.now(), ...mark, ...entry });
    };
    note({ kind: "turn_start", detail: model });
    const started = clock.monotonic();
    const result = await agent.run({
      ...mark,
      cwd: thread.cwd,
      model,
      prompt: prompt.text,
      systemPrompt,
      sessionId,
      signal,
      tools: this.#deps.toolsFor(message),
      onEvent: (event) => {
        if (event.kind !== "session") {
          if (event.kind !== "retrying") work.onHeard();
          note(describeEvent(event));
          return;
        }
        threads.update(thread.threadId, { sessionId: event.sessionId }).catch((error: unknown) => {
          log.error(mark, `the session's id could not be kept: ${describeError(error)}`);
        });
      },
    });
    note(describeEnd(result, Math.round(clock.monotonic() - started)));
    return result;
  }

  /** A new session is told the recent history; the message itself, which stands there already, is left out. */
  async #prompt({ message, thread, settings, cutOff }: Work) {
    const { history, threads, clock } = this.#deps;
    const n = thread.isMaster ? HISTORY_ENTRIES.master : HISTORY_ENTRIES.thread;
    const isNew = thread.sessionId === undefined;
    const entries = isNew ? await history.recent(n + 1, thread.isMaster ? undefined : thread.threadId) : [];
    return buildPrompt({
      message,
      now: clock.now(),
      timeZone: settings.timezone,
      history: entries.filter((entry) => entry.messageId !== message.messageId).slice(-n),
      cutOff,
      nameOf: (threadId) => threads.nameOf(threadId),
    });
  }
}

type Note = Omit<ActivityEntry, "timestamp" | "threadId" | "messageId">;

function describeEvent(event: Exclude<AgentEvent, { kind: "session" }>): Note {
  switch (event.kind) {
    case "tool_start":
      return { kind: "tool_start", tool: event.tool, toolUseId: event.toolUseId, detail: event.detail };
    case "tool_end": {
      const detail = event.isError ? `error: ${event.detail ?? ""}` : event.detail;
      const note = { kind: "tool_end" as const, tool: event.tool, toolUseId: event.toolUseId, ms: event.ms };
      return detail === undefined ? note : { ...note, detail };
    }
    case "text":
      return { kind: "text", detail: event.detail };
    case "retrying":
      return { kind: "error", detail: `attempt ${event.attempt}: ${event.status ?? "no answer"} ${event.error}` };
  }
}

function describeEnd(result: TurnResult, ms: number): Note {
  if (result.status === "answered") {
    return { kind: "turn_end", ms, usage: result.usage, costUsd: result.costUsd };
  }
  const detail = "reason" in result ? `${result.status}: ${result.reason}` : result.status;
  return { kind: result.status === "aborted" ? "turn_end" : "error", ms, detail };
}
