import { z } from "../zod.ts";
import { GENERAL_THREAD, MODELS } from "../ids.ts";

/** Who a message comes from: sources rank threads against each other, never messages within a thread. */
export const SOURCES = ["user", "cross-thread", "heartbeat", "cli", "system"] as const;

const threadId = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
/** Epoch ms, up to the last moment that a Date can hold. */
const timestamp = z.number().int().nonnegative().max(8.64e15);
/** Any text names a message; `file-name` turns it into a key that is safe in a file name. */
const messageId = z.string().min(1).max(256);

export const attachmentSchema = z.object({
  path: z.string().min(1),
  name: z.string(),
  mime: z.string(),
  bytes: z.number().int().nonnegative(),
});

/** A message on its way to an agent: `incoming/` and `processing/`. */
export const incomingSchema = z.object({
  channel: z.string().min(1),
  source: z.enum(SOURCES),
  threadId,
  messageId,
  sender: z.string(),
  senderId: z.string().optional(),
  message: z.string(),
  timestamp,
  topicName: z.string().optional(),
  isReply: z.boolean().optional(),
  replyToText: z.string().optional(),
  replyToModel: z.enum(MODELS).optional(),
  sourceThreadId: threadId.optional(),
  attachments: z.array(attachmentSchema).optional(),
  /** Telegram's own id of the message in the chat, for reactions. */
  chatMessageId: z.number().int().positive().optional(),
  /** How many threads handed this on before; guards against threads that talk in circles. */
  hops: z.number().int().nonnegative().optional(),
});
export type IncomingMessage = z.infer<typeof incomingSchema>;

/**
 * What another program must write at the least: the text. The rest is filled in by `adopt`.
 * An older file's `ts` is read as `timestamp`.
 */
export const droppedSchema = incomingSchema.partial().extend({ message: z.string().min(1), ts: timestamp.optional() });
export type DroppedMessage = z.infer<typeof droppedSchema>;

/** Fills in what a dropped message leaves out. `id` is used when it names none. */
export function adoptMessage(dropped: DroppedMessage, id: string, now: number): IncomingMessage {
  const { ts, ...given } = dropped;
  return {
    ...given,
    channel: given.channel ?? "telegram",
    source: given.source ?? "cli",
    threadId: given.threadId ?? GENERAL_THREAD,
    messageId: given.messageId ?? id,
    sender: given.sender ?? "cli",
    timestamp: given.timestamp ?? ts ?? now,
  };
}

/** A message on its way to the chat: `outgoing/`. Posted in `targetThreadId` if present, else in `threadId`. */
export const outgoingSchema = z.object({
  channel: z.string().min(1),
  threadId,
  /** The message this answers, or belongs to. */
  messageId,
  sender: z.string(),
  message: z.string(),
  model: z.enum(MODELS).optional(),
  timestamp,
  targetThreadId: threadId.optional(),
  attachments: z.array(attachmentSchema).optional(),
  /**
   * `answer` ends the turn of `messageId` and `failure` ends it without one; `notice` tells of something on the way
   * and ends nothing; `echo` shows in the chat a message that did not come from there.
   */
  kind: z.enum(["answer", "failure", "notice", "echo"]).optional(),
  /** Telegram's own id of the message this answers, for the final reaction. */
  chatMessageId: z.number().int().positive().optional(),
});
export type OutgoingMessage = z.infer<typeof outgoingSchema>;

/** The topic an outgoing message is posted in. */
export function postedIn(message: OutgoingMessage): number {
  return message.targetThreadId ?? message.threadId;
}
