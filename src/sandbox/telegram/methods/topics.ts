import { z } from "../../../core/zod.ts";
import { GENERAL_THREAD } from "../../../core/ids.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { MessageContent } from "../types.ts";
import type { Topic, World } from "../world.ts";
import { chatMethod } from "./method.ts";
import type { Method } from "./method.ts";
import { integer } from "./params.ts";

const name = z.string({ error: "title must be non-empty" });

/** Topics made and changed by the bot. The service messages they leave are the bot's own: no updates to it. */
export const topicMethods: Readonly<Record<string, Method>> = {
  createForumTopic: chatMethod({ name, icon_color: integer.optional() }, (params, { world }) => {
    checkName(params.name);
    const topic = world.createTopic(params.name, world.bot, params.icon_color);
    const color = topic.created.forum_topic_created?.icon_color;
    return { message_thread_id: topic.id, name: topic.name, icon_color: color };
  }),
  editForumTopic: chatMethod({ message_thread_id: integer, name: name.optional() }, (params, { world }) => {
    const topic = topicOfCall(world, params.message_thread_id);
    if (params.name === undefined || params.name === topic.name) throw badRequest("TOPIC_NOT_MODIFIED");
    checkName(params.name);
    topic.name = params.name;
    announce(world, topic, { forum_topic_edited: { name: params.name } });
    return true;
  }),
  closeForumTopic: chatMethod({ message_thread_id: integer }, (params, { world }) =>
    setClosed(world, params.message_thread_id, true),
  ),
  reopenForumTopic: chatMethod({ message_thread_id: integer }, (params, { world }) =>
    setClosed(world, params.message_thread_id, false),
  ),
};

function setClosed(world: World, threadId: number, closed: boolean): true {
  const topic = topicOfCall(world, threadId);
  if (topic.closed === closed) throw badRequest("TOPIC_NOT_MODIFIED");
  topic.closed = closed;
  announce(world, topic, closed ? { forum_topic_closed: {} } : { forum_topic_reopened: {} });
  return true;
}

/** General has methods of its own, so these know it not. */
function topicOfCall(world: World, threadId: number): Topic {
  const topic = threadId === GENERAL_THREAD ? undefined : world.topics.get(threadId);
  if (topic === undefined) throw badRequest("TOPIC_ID_INVALID");
  return topic;
}

function announce(world: World, topic: Topic, content: MessageContent): void {
  world.post({ from: world.bot, topicId: topic.id, content });
}

function checkName(wanted: string): void {
  if (wanted.trim() === "") throw badRequest("title must be non-empty");
  if (wanted.length > LIMITS.topicName) throw badRequest("topic name is too long");
}
