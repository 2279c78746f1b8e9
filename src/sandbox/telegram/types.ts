/** The Bot API's objects, in the part that the sandbox fills in (https://core.telegram.org/bots/api). */

export interface User {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username?: string;
}

export interface Chat {
  readonly id: number;
  readonly type: "supergroup";
  readonly title: string;
  readonly is_forum: true;
}

/** `offset` and `length` count UTF-16 units of the text. */
export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
  readonly custom_emoji_id?: string;
}

/** A text, or the caption of a file, with its markup taken out. */
export interface FormattedText {
  readonly text: string;
  readonly entities: readonly Entity[];
}

export interface FileInfo {
  readonly file_id: string;
  readonly file_unique_id: string;
  readonly file_size: number;
}

export interface DocumentInfo extends FileInfo {
  readonly file_name: string;
  readonly mime_type: string;
}

export interface PhotoSize extends FileInfo {
  readonly width: number;
  readonly height: number;
}

export interface Button {
  readonly text: string;
  readonly callback_data?: string | undefined;
  readonly url?: string | undefined;
}

export interface Keyboard {
  readonly inline_keyboard: readonly (readonly Button[])[];
}

/** What a message is about; one of these, with the caption of a file beside it. */
export interface MessageContent {
  readonly text?: string;
  readonly entities?: readonly Entity[];
  readonly document?: DocumentInfo;
  readonly photo?: readonly PhotoSize[];
  readonly caption?: string;
  readonly caption_entities?: readonly Entity[];
  readonly media_group_id?: string;
  readonly forum_topic_created?: { name: string; icon_color: number };
  readonly forum_topic_edited?: { name: string };
  readonly forum_topic_closed?: Record<string, never>;
  readonly forum_topic_reopened?: Record<string, never>;
  readonly pinned_message?: Message;
}

export interface Message extends MessageContent {
  readonly message_id: number;
  readonly from: User;
  readonly chat: Chat;
  /** Seconds since 1970. */
  readonly date: number;
  readonly edit_date?: number;
  readonly message_thread_id?: number;
  readonly is_topic_message?: true;
  readonly reply_to_message?: Message;
  readonly reply_markup?: Keyboard;
}

export interface CallbackQuery {
  readonly id: string;
  readonly from: User;
  readonly message: Message;
  readonly chat_instance: string;
  readonly data: string;
}

/** An update but for its id: one of its kinds (`message`, `callback_query`, …) with what belongs to it. */
export type UpdateFields = Readonly<Record<string, unknown>>;

export interface Update {
  readonly update_id: number;
  readonly message?: Message;
  readonly edited_message?: Message;
  readonly callback_query?: CallbackQuery;
  readonly [kind: string]: unknown;
}
