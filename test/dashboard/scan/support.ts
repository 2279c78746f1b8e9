import type { TestContext } from "node:test";
import { ScanPool } from "../../../src/dashboard/scan/pool.ts";
import { search } from "../../../src/dashboard/scan/search.ts";
import type { Stream, StreamOptions } from "../../../src/dashboard/tail/stream.ts";
import type { Streams } from "../../../src/dashboard/topics.ts";
import { started } from "../tail/support.ts";

export function openPool(t: TestContext): ScanPool {
  const pool = new ScanPool();
  t.after(() => pool.close());
  return pool;
}

/** The same stream under each topic. */
export function everyTopic(stream: Stream): Streams {
  return new Proxy({} as Streams, { get: () => stream });
}

export async function oneStream(t: TestContext, options: Partial<StreamOptions> & { path: string }): Promise<Streams> {
  return everyTopic(await started(t, options));
}

/** Texts of what a search finds. */
export async function found(streams: Streams, pool: ScanPool, q: string): Promise<string[]> {
  const texts: string[] = [];
  const { signal } = new AbortController();
  for await (const event of search({ streams, pool }, { q, topic: "messages" }, signal)) {
    if (event.type === "match") texts.push(event.row.text);
  }
  return texts;
}

export function message(n: number, threadId: number, text = "lorem ipsum dolor sit amet ".repeat(8)): string {
  return `${JSON.stringify({ timestamp: 1_760_000_000_000 + n, threadId, messageId: `u${n}`, direction: n % 2 === 0 ? "in" : "out", message: text })}\n`;
}
