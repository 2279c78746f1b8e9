/** `topics.json`: names and state of the forum's topics, as its service messages tell them; no call lists them. */
import { join } from "node:path";
import { z } from "../../core/zod.ts";
import type { TopicNotice } from "../../core/channel/protocol.ts";
import type { ThreadId } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";
import type { TopicEvent } from "./inbound.ts";
import { createSaver, loadFields } from "./small-file.ts";

const topicSchema = z.object({ name: z.string(), closed: z.boolean() });
type Topic = z.infer<typeof topicSchema>;

export interface TopicStore {
  /** The topic's name, undefined when none was learned. */
  name(threadId: ThreadId): string | undefined;
  /** Takes in what a service message says; true when that is new. */
  apply(threadId: ThreadId, event: TopicEvent, name: string | undefined): boolean;
  /** Takes a name that may be out of date, for a topic without one; true when that is new. */
  learn(threadId: ThreadId, name: string): boolean;
  /** The topics whose names are known. */
  all(): readonly TopicNotice[];
  /** Resolves when everything learned so far is on disk. */
  flush(): Promise<void>;
}

/** Opens the store in `dir`. A broken file or entry is as if it were not there. */
export async function openTopicStore(dir: string, log: Logger): Promise<TopicStore> {
  const path = join(dir, "topics.json");
  const topics = new Map<ThreadId, Topic>();
  const saver = createSaver(path, () => Object.fromEntries(topics), log);

  function set(threadId: ThreadId, next: Topic): boolean {
    const old = topics.get(threadId);
    if (old?.name === next.name && old.closed === next.closed) return false;
    topics.set(threadId, next);
    saver.save();
    return true;
  }

  for (const [key, value] of await loadFields(path, log)) {
    const topic = topicSchema.safeParse(value);
    if (/^\d{1,15}$/.test(key) && topic.success) topics.set(Number(key), topic.data);
  }
  return {
    name(threadId) {
      const name = topics.get(threadId)?.name;
      return name === "" ? undefined : name;
    },
    apply(threadId, event, name) {
      const old = topics.get(threadId) ?? { name: "", closed: false };
      const closed = event === "closed" || (event === "renamed" && old.closed);
      return set(threadId, { name: name ?? old.name, closed });
    },
    learn(threadId, name) {
      const old = topics.get(threadId) ?? { name: "", closed: false };
      return old.name === "" && set(threadId, { ...old, name });
    },
    all: () =>
      [...topics].filter(([, topic]) => topic.name !== "").map(([threadId, topic]) => ({ threadId, ...topic })),
    flush: () => saver.flush(),
  };
}
