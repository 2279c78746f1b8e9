/** What the routes are given. Interfaces, so that each can be had without the whole dashboard. */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { History } from "../history.ts";
import type { HostSampler } from "../host/sampler.ts";
import type { MetricsHistory } from "../host/history.ts";
import type { Answer, Request, Streamed } from "../http.ts";
import type { Page } from "../page.ts";
import type { SearchEvent, SearchQuery } from "../scan/search.ts";
import type { Services } from "../services/services.ts";
import type { SseOptions } from "../sse.ts";
import type { Streams } from "../topics.ts";

/** What the server counts, as it is when asked. */
export interface ServerCounters {
  /** Answers so far by status of HTTP. */
  requestsByStatus(): ReadonlyMap<number, number>;
  /** WebSockets that are open. */
  sockets(): number;
  /** Subscriptions of all of them. */
  subscriptions(): number;
  /** Answers that are still being written: SSE, exports, searches. */
  openAnswers(): number;
}

/** Seconds by which the event loop was late since the last look. */
export interface LoopDelay {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

export interface RouteDeps {
  /** `.tinyclaw/`; it need not be there. */
  readonly dir: string;
  readonly streams: Streams;
  readonly history: Pick<History, "page">;
  readonly services: Pick<Services, "snapshot" | "threads">;
  readonly sampler: Pick<HostSampler, "current">;
  readonly metricsHistory: Pick<MetricsHistory, "json">;
  readonly tallies: { of(threadId: number): object; readonly isCounting: boolean };
  readonly search: (query: SearchQuery, signal: AbortSignal) => AsyncIterable<SearchEvent>;
  /** Of two prompts, word by word. */
  readonly diff: (a: string, b: string, signal: AbortSignal) => Promise<{ readonly hunks: readonly object[] }>;
  readonly sse: (options: SseOptions) => Streamed;
  readonly page: Page;
  readonly counters: ServerCounters;
  readonly loopDelay: () => LoopDelay;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** Of the dashboard, epoch ms. */
  readonly startedAt: number;
}

/** One request that has found its route. */
export interface Call {
  readonly request: Request;
  /** The parts of the path that a route leaves open, decoded. */
  readonly params: ReadonlyMap<string, string>;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Rejects with a Refusal for what the client can mend. */
export type Handler = (call: Call) => Answer | Promise<Answer>;

export type Routes = Readonly<Record<string, Handler>>;
