import type { MessageKind } from "./file-producer.ts";
import { incomingSchema, outgoingSchema, postedIn } from "./message.ts";
import { PERSON, rankOf } from "./rank.ts";
import type { IncomingMessage, OutgoingMessage } from "./message.ts";

/** Messages to the agents: a lane is the thread, and the messageId names the message. */
export const incomingKind: MessageKind<IncomingMessage> = {
  schema: incomingSchema,
  laneOf: (message) => message.threadId,
  rankOf,
  keyFor: (message) => message.messageId,
};

/**
 * Messages to the chat: a lane is the topic they are posted in. The answer bears the name of the message it answers,
 * so that there is one at most; whatever else is said about a message has a name of its own.
 */
export const outgoingKind: MessageKind<OutgoingMessage> = {
  schema: outgoingSchema,
  laneOf: postedIn,
  rankOf: () => PERSON,
  keyFor: ({ messageId, kind, timestamp }) =>
    kind === undefined || kind === "answer" ? messageId : `${messageId}-${kind}-${timestamp}`,
};
