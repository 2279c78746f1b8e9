import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Rolled } from "./tail/names.ts";
import { openStream } from "./tail/stream.ts";
import type { Stream } from "./tail/stream.ts";

/** What can be followed: each is one file of `.tinyclaw/` that grows, with those rolled before it. */
export const TOPICS = {
  messages: { file: "message-history.jsonl", rolled: "jsonl" },
  routing: { file: "routing-log.jsonl", rolled: "jsonl" },
  prompts: { file: "logs/prompts.jsonl", rolled: "jsonl" },
  activity: { file: "activity.jsonl", rolled: "jsonl" },
  "logs/telegram": { file: "logs/telegram.log", rolled: "pino" },
  "logs/queue": { file: "logs/queue.log", rolled: "pino" },
  "logs/supervisor": { file: "logs/supervisor.log", rolled: "pino" },
} as const satisfies Record<string, { file: string; rolled: Rolled }>;

export type Topic = keyof typeof TOPICS;
export const TOPIC_NAMES = Object.keys(TOPICS) as readonly Topic[];

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(TOPICS, name);
}

/** One reader a file, shared by all clients. */
export type Streams = Readonly<Record<Topic, Stream>>;

export function openStreams(options: { dir: string; clock: Clock; log: Logger; ringBytes?: number }): Streams {
  const { dir, clock, log, ringBytes } = options;
  const open = (topic: Topic): Stream =>
    openStream({
      path: join(dir, TOPICS[topic].file),
      rolled: TOPICS[topic].rolled,
      clock,
      log,
      ...(ringBytes === undefined ? {} : { ringBytes }),
    });
  return Object.fromEntries(TOPIC_NAMES.map((topic) => [topic, open(topic)])) as Record<Topic, Stream>;
}
