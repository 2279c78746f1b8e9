import { z } from "../../../core/zod.ts";
import { badRequest } from "../errors.ts";
import { LIMITS, REACTIONS } from "../limits.ts";
import { formatCaption, formatText } from "../markup/format.ts";
import type { FormattedText, Keyboard, Message, MessageContent } from "../types.ts";
import type { World } from "../world.ts";
import { destination, keyboardOf } from "./destination.ts";
import { chatMethod } from "./method.ts";
import type { Method } from "./method.ts";
import { captioned, entities, flag, integer, json, parseMode, replyMarkup, sending } from "./params.ts";

const text = { text: z.string({ error: "message text is empty" }), parse_mode: parseMode, entities };
const NOT_MODIFIED =
  "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

/** Texts: sending, editing, deleting, reactions, pins. */
export const messageMethods: Readonly<Record<string, Method>> = {
  sendMessage: chatMethod({ ...text, ...sending }, (params, { world }) => {
    const content = textContent(formatText(params.text, params.parse_mode, params.entities));
    return world.post({ from: world.bot, content, ...destination(params, world) });
  }),
  editMessageText: chatMethod({ ...text, message_id: integer, reply_markup: replyMarkup }, (params, { world }) => {
    const content = textContent(formatText(params.text, params.parse_mode, params.entities));
    const message = editable(world, params.message_id);
    if (message.text === undefined) throw badRequest("there is no text in the message to edit");
    return edit(world, message, content, keyboardOf(params.reply_markup));
  }),
  editMessageCaption: chatMethod(
    { ...captioned, message_id: integer, reply_markup: replyMarkup },
    (params, { world }) => {
      const content = captionContent(formatCaption(params.caption ?? "", params.parse_mode, params.caption_entities));
      const message = editable(world, params.message_id);
      if (message.text !== undefined) throw badRequest("there is no caption in the message to edit");
      return edit(world, message, content, keyboardOf(params.reply_markup));
    },
  ),
  editMessageReplyMarkup: chatMethod({ message_id: integer, reply_markup: replyMarkup }, (params, { world }) =>
    edit(world, editable(world, params.message_id), {}, keyboardOf(params.reply_markup)),
  ),
  deleteMessage: chatMethod({ message_id: integer }, (params, { world }) => {
    const message = world.message(params.message_id);
    if (message === undefined) throw badRequest("message to delete not found");
    if (message.forum_topic_created !== undefined) throw badRequest("message can't be deleted");
    return world.remove(params.message_id);
  }),
  setMessageReaction: chatMethod(
    {
      message_id: integer,
      reaction: json(z.array(z.looseObject({ type: z.string(), emoji: z.string().optional() }))).optional(),
      is_big: flag.optional(),
    },
    (params, { world }) => {
      const wanted = params.reaction ?? [];
      if (world.message(params.message_id) === undefined) throw badRequest("message to react not found");
      if (wanted.length > LIMITS.reactionsOfBot) throw badRequest("REACTIONS_TOO_MANY");
      const emoji = wanted.map((one) => (one.type === "emoji" ? (one.emoji ?? "") : ""));
      if (!emoji.every((one) => REACTIONS.has(one))) throw badRequest("REACTION_INVALID");
      world.react(params.message_id, emoji);
      return true;
    },
  ),
  pinChatMessage: chatMethod({ message_id: integer }, (params, { world }) => {
    if (world.message(params.message_id) === undefined) throw badRequest("message to pin not found");
    world.pinned.add(params.message_id);
    return true;
  }),
  unpinChatMessage: chatMethod({ message_id: integer.optional() }, (params, { world }) => {
    const pinned = params.message_id ?? [...world.pinned].at(-1);
    if (pinned === undefined || !world.pinned.delete(pinned)) throw badRequest("message to unpin not found");
    return true;
  }),
};

export function textContent({ text, entities }: FormattedText): MessageContent {
  return entities.length === 0 ? { text } : { text, entities };
}

export function captionContent({ text, entities }: FormattedText): MessageContent {
  if (text === "") return {};
  return entities.length === 0 ? { caption: text } : { caption: text, caption_entities: entities };
}

/** A bot edits its own messages only. */
function editable(world: World, id: number): Message {
  const message = world.message(id);
  if (message === undefined) throw badRequest("message to edit not found");
  if (message.from.id !== world.bot.id) throw badRequest("message can't be edited");
  return message;
}

/** Puts `content` in place of the message's text or caption; empty content leaves them. */
function edit(world: World, message: Message, content: MessageContent, keyboard: Keyboard | undefined): Message {
  const { entities: _entities, caption_entities: _captionEntities, ...old } = message;
  const base = Object.keys(content).length === 0 ? message : old;
  const changed = { ...base, ...content };
  if (face(changed, keyboard) === face(message, message.reply_markup)) throw badRequest(NOT_MODIFIED);
  return world.edit(base, content, keyboard);
}

/** What of a message an edit can change. */
function face(content: MessageContent, keyboard: Keyboard | undefined): string {
  const { text, entities, caption, caption_entities: captionEntities } = content;
  return JSON.stringify([text, entities, caption, captionEntities, keyboard]);
}
