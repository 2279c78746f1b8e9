import { stat } from "node:fs/promises";
import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import { errorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Agent, AgentTurn, LiveAgent, TurnResult } from "./agent-port.ts";
import type { Launch } from "./agent-remote.ts";
import type { AgentSession } from "./agent-session.ts";
import { AgentError } from "./errors.ts";

export type { Agent, AgentEvent, AgentTools, AgentTurn, TurnResult } from "./agent-port.ts";

export interface ClaudeAgentOptions {
  /** Exactly the environment of the agent's process; asked at each start of one. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly clock?: Clock;
  /** A session without a turn for this long is ended, ms; 10 minutes. */
  readonly idleMs?: number;
  /** Idle sessions kept at the most, about 110 MiB each; 4. */
  readonly maxLive?: number;
  /** From SIGTERM to SIGKILL, ms; 5 s. */
  readonly endTimeoutMs?: number;
  readonly launch: Launch;
}

/** Claude Code resumes a session by its title as well; only its id may name one here. */
const SESSION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Runs turns on Claude through the Agent SDK: one process a thread, kept warm between turns and taken up by the next
 * one when it fits, or else gone before another is started, so that no session is ever held by two.
 */
export function createClaudeAgent(options: ClaudeAgentOptions): Agent {
  const { env, log, clock = systemClock, idleMs = 600_000, maxLive = 4, endTimeoutMs = 5000, launch } = options;
  const sessions = new Map<number, AgentSession>();
  const busy = new Map<number, AbortController>();
  const idleTimers = new Map<AgentSession, () => void>();
  let closing: Promise<void> | undefined;

  /** None for a turn that was aborted meanwhile, so that close() leaves none behind. */
  async function start(turn: AgentTurn): Promise<AgentSession | undefined> {
    // Not before the first turn: the SDK would be a fifth of all the memory that an idle bot takes.
    const { AgentSession } = await import("./agent-session.ts");
    if (turn.signal.aborted) return undefined;
    const session = new AgentSession(turn, { env: env(), log, clock, launch, endTimeoutMs });
    sessions.set(turn.threadId, session);
    void forget(session);
    return session;
  }

  async function forget(session: AgentSession): Promise<void> {
    await session.ended;
    stopTimer(session);
    if (sessions.get(session.threadId) === session) sessions.delete(session.threadId);
  }

  function stopTimer(session: AgentSession): void {
    idleTimers.get(session)?.();
    idleTimers.delete(session);
  }

  /** Keeps the session warm, and ends those that have been idle longest where there are too many. */
  function rest(session: AgentSession): void {
    if (session.state !== "idle") return;
    idleTimers.set(
      session,
      clock.after(idleMs, () => {
        void session.end();
      }),
    );
    const idle = [...sessions.values()].filter((one) => one.state === "idle").sort((a, b) => a.since - b.since);
    for (const one of idle.slice(0, Math.max(0, idle.length - maxLive))) void one.end();
  }

  /** The warm session or a new one. */
  async function sessionFor(turn: AgentTurn): Promise<AgentSession | undefined> {
    const warm = sessions.get(turn.threadId);
    if (warm?.fits(turn) === true) {
      stopTimer(warm);
      return warm;
    }
    await warm?.end();
    return start(turn);
  }

  async function runTurn(turn: AgentTurn): Promise<TurnResult> {
    const refusal = await refusalOf(turn);
    if (refusal !== undefined) return refusal;
    const session = await sessionFor(turn);
    if (session === undefined) return { status: "aborted" };
    const result = await session.run(turn);
    if (result.status === "session_lost") await session.end();
    else rest(session);
    return result;
  }

  return {
    async run(turn) {
      if (closing !== undefined) throw new AgentError("agent_closed", `Turn ${turn.messageId}: the agent is closed`);
      if (busy.has(turn.threadId)) {
        const text = `Turn ${turn.messageId}: thread ${turn.threadId} has a turn in work; wait for its result`;
        throw new AgentError("agent_busy", text, { details: { threadId: turn.threadId, messageId: turn.messageId } });
      }
      const closed = new AbortController();
      busy.set(turn.threadId, closed);
      try {
        return await runTurn({ ...turn, signal: AbortSignal.any([turn.signal, closed.signal]) });
      } finally {
        busy.delete(turn.threadId);
      }
    },

    close() {
      closing ??= (async () => {
        for (const turn of busy.values()) turn.abort();
        await Promise.all([...sessions.values()].map((session) => session.end()));
      })();
      return closing;
    },

    endIdle(pid) {
      const session = [...sessions.values()].find((one) => one.pid === pid);
      if (session?.state === "idle") void session.end();
    },

    live() {
      return [...sessions.values()].flatMap(liveOf);
    },
  };
}

/** What would otherwise fail with words that mislead: a missing folder is reported as a missing library. */
async function refusalOf(turn: AgentTurn): Promise<TurnResult | undefined> {
  if (turn.sessionId !== undefined && !SESSION_ID.test(turn.sessionId)) {
    return { status: "session_lost", reason: `"${turn.sessionId}" is no session id` };
  }
  try {
    if ((await stat(turn.cwd)).isDirectory()) return undefined;
  } catch (error) {
    // Closed to us, and perhaps not to the agent's user: its own start will tell.
    if (errorCode(error) === "EACCES") return undefined;
  }
  return { status: "failed", reason: `The thread's folder ${turn.cwd} does not exist or is no folder` };
}

function liveOf(session: AgentSession): LiveAgent[] {
  if (session.state === "ended") return [];
  const state = session.state === "idle" ? "idle" : "running";
  const base = { threadId: session.threadId, state, since: session.since } as const;
  return [session.pid === undefined ? base : { ...base, pid: session.pid }];
}
