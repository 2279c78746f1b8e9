import assert from "node:assert/strict";
import { appendFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { History } from "../../../src/dashboard/history.ts";
import { MetricsHistory } from "../../../src/dashboard/host/history.ts";
import { HostSampler } from "../../../src/dashboard/host/sampler.ts";
import type { Answer, Request, Sink, Streamed, Whole } from "../../../src/dashboard/http.ts";
import { loadPage } from "../../../src/dashboard/page.ts";
import { createRoutes } from "../../../src/dashboard/routes.ts";
import type { RouteDeps } from "../../../src/dashboard/routes.ts";
import { Services } from "../../../src/dashboard/services/services.ts";
import { openStreams, TOPICS, TOPIC_NAMES } from "../../../src/dashboard/topics.ts";
import type { Topic } from "../../../src/dashboard/topics.ts";
import { memoryLog } from "../../support/memory-log.ts";
import type { LogLine } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { handClock } from "../tail/support.ts";

export interface Stage {
  readonly dir: string;
  readonly deps: RouteDeps;
  readonly logged: readonly LogLine[];
  /** Appends lines to a topic's file, and has them seen. */
  readonly append: (topic: Topic, ...lines: (string | Buffer | object)[]) => Promise<void>;
  readonly request: (target: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>;
  readonly get: (target: string, headers?: Readonly<Record<string, string>>) => Promise<Got>;
}

export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The routes over real files in a directory of the test's own. */
export async function stage(t: TestContext, change: Partial<RouteDeps> = {}): Promise<Stage> {
  const dir = join(await tempDir(t), ".tinyclaw");
  const { log, lines } = memoryLog();
  const clock = handClock;
  const streams = openStreams({ dir, clock, log });
  for (const topic of TOPIC_NAMES) await streams[topic].start();
  t.after(() => Promise.all(TOPIC_NAMES.map((topic) => streams[topic].close())));
  const sampler = new HostSampler({ procRoot: join(dir, "proc"), diskPath: dir, clock });
  const deps: RouteDeps = {
    dir,
    streams,
    history: new History(streams),
    services: new Services({ dir, clock, startedAt: 1, metrics: () => sampler.current() }),
    sampler,
    metricsHistory: new MetricsHistory(),
    tallies: { of: (threadId) => ({ messages: threadId * 10 }), isCounting: false },
    search: () => {
      throw new Error("not searched");
    },
    diff: () => Promise.reject(new Error("not compared")),
    sse: () => {
      throw new Error("not followed");
    },
    page: loadPage(join(dir, "web")),
    counters: { requestsByStatus: () => new Map(), sockets: () => 0, subscriptions: () => 0, openAnswers: () => 0 },
    loopDelay: () => ({ mean: 0, p99: 0, max: 0 }),
    clock,
    log,
    version: "1.2.3",
    startedAt: 1,
    ...change,
  };
  const routes = createRoutes(deps);
  const request: Stage["request"] = (target, headers = {}, method = "GET") =>
    routes(requestOf(target, headers, method));
  return {
    dir,
    deps,
    logged: lines,
    request,
    async append(topic, ...lines) {
      const path = join(dir, TOPICS[topic].file);
      await mkdir(dirname(path), { recursive: true });
      const newline = Buffer.from("\n");
      const bytes = lines.flatMap((line) => [bytesOf(line), newline]);
      await appendFile(path, Buffer.concat(bytes));
      await deps.streams[topic].look();
    },
    async get(target, headers) {
      return read(await request(target, headers));
    },
  };
}

function bytesOf(line: string | Buffer | object): Buffer {
  if (Buffer.isBuffer(line)) return line;
  return Buffer.from(typeof line === "string" ? line : JSON.stringify(line));
}

export function requestOf(target: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Request {
  const [path = "", query = ""] = target.split("?", 2);
  return { method, path, query: new URLSearchParams(query), headers: new Map(Object.entries(headers)) };
}

/** All of an answer, as a client has it that reads fast. */
export async function read(answer: Answer): Promise<Got> {
  if (answer.kind === "whole") {
    return { status: answer.status, headers: answer.headers, text: Buffer.from(answer.body).toString("utf8") };
  }
  const sink = new TextSink();
  await answer.run(sink);
  return { status: 200, headers: answer.headers, text: sink.text };
}

/** A body that a test reads, and a client that it can send away. */
export class TextSink implements Sink {
  readonly pieces: string[] = [];
  readonly #abort = new AbortController();
  #room: Promise<void> = Promise.resolve();
  #open: (() => void) | undefined;
  #onWrite: (() => void) | undefined;

  get text(): string {
    return this.pieces.join("");
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  write(text: string): Promise<void> {
    this.pieces.push(text);
    this.#onWrite?.();
    return this.#room;
  }

  /** From now on there is no room after a piece, until `release`. */
  hold(): void {
    this.#room = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open?.();
    this.#room = Promise.resolve();
  }

  leave(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** Resolves at the next piece. */
  written(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWrite = resolve;
    });
  }
}

/** An answer of which the first piece is written, and no room for more; `run` is the rest of the writing. */
export async function heldBack(answer: Answer): Promise<{ sink: TextSink; run: Promise<void> }> {
  const sink = new TextSink();
  sink.hold();
  const begun = sink.written();
  const run = streamOf(answer).run(sink);
  await begun;
  return { sink, run };
}

export function wholeOf(answer: Answer): Whole {
  assert.equal(answer.kind, "whole");
  return answer;
}

export function streamOf(answer: Answer): Streamed {
  assert.equal(answer.kind, "stream");
  return answer;
}

export interface ListBody {
  readonly items: readonly (Readonly<Record<string, unknown>> & { readonly cursor: string })[];
  readonly first: string | null;
  readonly last: string | null;
  readonly more: boolean;
  readonly gaps?: readonly object[];
}

export function listOf({ status, text }: Got): ListBody {
  assert.equal(status, 200, text);
  return JSON.parse(text) as ListBody;
}

/** Error's code of a refusal, with its status. */
export function refusalOf({ status, text }: Got): [number, string] {
  const { error, message, ...rest } = JSON.parse(text) as { error: string; message: string };
  assert.equal(typeof message, "string");
  assert.deepEqual(rest, {});
  return [status, error];
}

export function numbered(from: number, to: number, more: object = {}): object[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    timestamp: 1_760_000_000_000 + from + index,
    n: from + index,
    ...more,
  }));
}

export function numbersOf({ items }: ListBody): unknown[] {
  return items.map(({ n }) => n);
}
