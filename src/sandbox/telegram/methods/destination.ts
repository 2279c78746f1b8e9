import { GENERAL_THREAD } from "../../../core/ids.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Keyboard, Message } from "../types.ts";
import { topicOf } from "../world.ts";
import type { Posting, World } from "../world.ts";
import type { Sending } from "./params.ts";

/**
 * Where a message of the bot goes, what it replies to and what buttons it bears. Without a thread id it goes to the
 * topic of the message replied to, else to General; naming General (1) is refused, as the Bot API does.
 */
export function destination(params: Sending, world: World): Pick<Posting, "topicId" | "replyTo" | "keyboard"> {
  const threadId = params.message_thread_id;
  const named = threadId === undefined ? undefined : world.topics.get(threadId);
  if (threadId === GENERAL_THREAD || (threadId !== undefined && named === undefined)) {
    throw badRequest("message thread not found");
  }
  const replyTo = repliedTo(params, world);
  const topicId = threadId ?? (replyTo === undefined ? GENERAL_THREAD : topicOf(replyTo));
  if (world.topics.get(topicId)?.closed === true) throw badRequest("TOPIC_CLOSED");
  return { topicId, replyTo, keyboard: keyboardOf(params.reply_markup) };
}

function repliedTo(params: Sending, world: World): Message | undefined {
  const wanted = params.reply_parameters?.message_id ?? params.reply_to_message_id;
  if (wanted === undefined) return undefined;
  const message = world.message(wanted);
  const optional = params.reply_parameters?.allow_sending_without_reply ?? params.allow_sending_without_reply;
  if (message === undefined && optional !== true) throw badRequest("message to be replied not found");
  return message;
}

/** The inline keyboard, if it is one and has a button; other markup leaves no trace in a group. */
export function keyboardOf(markup: Sending["reply_markup"]): Keyboard | undefined {
  const rows = (markup?.inline_keyboard ?? []).filter((row) => row.length > 0);
  const buttons = rows.flat();
  if (buttons.length === 0) return undefined;
  if (buttons.length > LIMITS.keyboardButtons) throw badRequest("REPLY_MARKUP_TOO_LONG");
  for (const { text, callback_data: data, ...kinds } of buttons) {
    if (text.trim() === "") throw badRequest("can't parse inline keyboard button: Text must be non-empty");
    if (data === undefined && Object.keys(kinds).length === 0) {
      throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
    }
    if (data !== undefined && (data === "" || Buffer.byteLength(data) > LIMITS.callbackDataBytes)) {
      throw badRequest("BUTTON_DATA_INVALID");
    }
  }
  return { inline_keyboard: rows };
}
