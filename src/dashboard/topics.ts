import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Filter } from "./filter.ts";
import type { Rolled } from "./tail/names.ts";
import { openStream } from "./tail/stream.ts";
import type { Stream } from "./tail/stream.ts";

/** Fields of a record that rows can be chosen by over HTTP. */
type FilterField = Exclude<keyof Filter, "q" | "from" | "to">;

interface TopicFacts {
  /** Below `.tinyclaw/`. */
  readonly file: string;
  /** How the files are named that were filled before it. */
  readonly rolled: Rolled;
  /** Fields so long that they are left out where many rows go out: they are fetched one by one. */
  readonly bodies: readonly string[];
  readonly filters: readonly FilterField[];
  /** Rows of a list for which no number is asked. */
  readonly usual: number;
}

const LOG = {
  rolled: "pino",
  bodies: [],
  filters: ["threadId", "model", "tier", "level", "messageId"],
  usual: 50,
} as const;
const RECORDS = {
  rolled: "jsonl",
  bodies: [],
  filters: ["threadId", "model", "tier", "messageId"],
  usual: 50,
} as const;

/** What can be followed, and all there is to know of it: each is one file that grows, with those rolled before it. */
export const TOPICS = {
  messages: {
    ...RECORDS,
    file: "message-history.jsonl",
    filters: ["threadId", "model", "tier", "direction", "messageId"],
  },
  routing: { ...RECORDS, file: "routing-log.jsonl" },
  prompts: {
    ...RECORDS,
    file: "logs/prompts.jsonl",
    bodies: ["systemPrompt", "userMessage", "prompt"],
    usual: 20,
  },
  activity: { ...RECORDS, file: "activity.jsonl" },
  "logs/telegram": { ...LOG, file: "logs/telegram.log" },
  "logs/queue": { ...LOG, file: "logs/queue.log" },
  "logs/supervisor": { ...LOG, file: "logs/supervisor.log" },
} as const satisfies Record<string, TopicFacts>;

export type Topic = keyof typeof TOPICS;
export const TOPIC_NAMES = Object.keys(TOPICS) as readonly Topic[];

const LOGS = "logs/";
/** The logs by what they are of. */
export const LOG_SOURCES = TOPIC_NAMES.flatMap((topic) => (topic.startsWith(LOGS) ? [topic.slice(LOGS.length)] : []));

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(TOPICS, name);
}

/** Undefined: there is no log of that. */
export function logTopic(source: string): Topic | undefined {
  const name = `${LOGS}${source}`;
  return isTopic(name) ? name : undefined;
}

export function factsOf(topic: Topic): TopicFacts {
  return TOPICS[topic];
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
