/** The calls this worker makes into the chat: thin, so that who calls them can be tested without grammY. */
import type { Api } from "grammy";
import type { ReactionTypeEmoji } from "grammy/types";
import { GENERAL_THREAD, type ThreadId } from "../../core/ids.ts";

/** One of the 73 that Telegram lets bots react with. */
export type Emoji = ReactionTypeEmoji["emoji"];

/** Each call rejects with grammY's errors; `classify` sorts them. */
export interface Chat {
  /** Posts `text` in a topic; resolves to Telegram's id of the message. */
  send(threadId: ThreadId, text: string, signal: AbortSignal): Promise<number>;
  /** Replaces the bot's reaction to a message. */
  react(chatMessageId: number, emoji: Emoji, signal: AbortSignal): Promise<void>;
  /** Shows "typing" in a topic for up to five seconds. */
  type(threadId: ThreadId, signal: AbortSignal): Promise<void>;
}

/** grammY takes signals of a package of the time before Node had its own; it uses nothing in which they differ. */
export type GrammySignal = NonNullable<Parameters<Api["getMe"]>[0]>;

export function createChat(api: Api, chatId: number): Chat {
  return {
    async send(threadId, text, signal) {
      // General takes messages without a thread id alone: 1 is "message thread not found" to sendMessage.
      const thread = threadId === GENERAL_THREAD ? {} : { message_thread_id: threadId };
      const options = { ...thread, link_preview_options: { is_disabled: true } };
      const sent = await api.sendMessage(chatId, text, options, signal as GrammySignal);
      return sent.message_id;
    },
    async react(chatMessageId, emoji, signal) {
      await api.setMessageReaction(chatId, chatMessageId, [{ type: "emoji", emoji }], {}, signal as GrammySignal);
    },
    async type(threadId, signal) {
      await api.sendChatAction(chatId, "typing", { message_thread_id: threadId }, signal as GrammySignal);
    },
  };
}
