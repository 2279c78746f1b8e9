/** What a chat message says, in text alone. Pure. */
import type { Message } from "grammy/types";
import { oneLine } from "./names.ts";

/** Content of a message that an agent is to see, or the name of the event that a service message reports. */
export type Content =
  | { readonly status: "text"; readonly text: string }
  | { readonly status: "service"; readonly event: string };

type Describe = (message: Message) => string | undefined;

/** Longest file name, question or the like inside a placeholder. */
const DETAIL_MAX = 200;

/**
 * Kinds of content beside text, and what the placeholder of each tells. Order counts: an animation is also sent as a
 * document, a venue also as a location.
 */
const KINDS: ReadonlyArray<readonly [keyof Message, string, Describe?]> = [
  ["animation", "animation", (m) => m.animation?.file_name],
  ["audio", "audio", (m) => m.audio?.title ?? m.audio?.file_name],
  ["document", "document", (m) => m.document?.file_name],
  ["live_photo", "live photo"],
  ["photo", "photo"],
  ["paid_media", "paid media"],
  ["video", "video", (m) => m.video?.file_name],
  ["video_note", "video note"],
  ["voice", "voice message"],
  ["sticker", "sticker", (m) => m.sticker?.emoji],
  ["story", "story"],
  ["contact", "contact", (m) => [m.contact?.first_name, m.contact?.last_name, m.contact?.phone_number].join(" ")],
  ["dice", "dice", (m) => `${m.dice?.emoji ?? ""} ${m.dice?.value ?? ""}`],
  ["game", "game", (m) => m.game?.title],
  ["poll", "poll", (m) => m.poll?.question],
  ["venue", "venue", (m) => [m.venue?.title, m.venue?.address].join(", ")],
  ["location", "location", (m) => `${m.location?.latitude}, ${m.location?.longitude}`],
  ["checklist", "checklist", (m) => m.checklist?.title],
  ["rich_message", "rich message"],
];

/** Events of the chat itself, which nobody wrote: the service messages of the Bot API, by the field that marks them. */
const EVENTS: ReadonlySet<string> = new Set(
  [
    "new_chat_members left_chat_member chat_owner_left chat_owner_changed new_chat_title new_chat_photo",
    "delete_chat_photo group_chat_created supergroup_chat_created channel_chat_created pinned_message boost_added",
    "community_chat_added community_chat_removed community_chat_joined connected_website managed_bot_created",
    "migrate_to_chat_id migrate_from_chat_id message_auto_delete_timer_changed chat_background_set web_app_data",
    "forum_topic_created forum_topic_edited forum_topic_closed forum_topic_reopened general_forum_topic_hidden",
    "general_forum_topic_unhidden checklist_tasks_done checklist_tasks_added poll_option_added poll_option_deleted",
    "suggested_post_info suggested_post_approved suggested_post_approval_failed suggested_post_declined",
    "suggested_post_paid suggested_post_refunded invoice successful_payment refunded_payment users_shared chat_shared",
    "write_access_allowed passport_data proximity_alert_triggered giveaway_created giveaway giveaway_winners",
    "giveaway_completed gift gift_upgrade_sent unique_gift paid_message_price_changed direct_message_price_changed",
    "video_chat_scheduled video_chat_started video_chat_ended video_chat_participants_invited",
  ].flatMap((names) => names.split(" ")),
);

/**
 * The text of a message; for other kinds a placeholder such as `[document: plan.pdf]`, with the caption on the next
 * line. A kind this version does not know is named as such, so that nothing a person sent goes unseen.
 */
export function contentOf(message: Message): Content {
  if (message.text !== undefined) return { status: "text", text: message.text };
  const kind = KINDS.find(([field]) => message[field] !== undefined);
  const event = kind === undefined ? Object.keys(message).find((field) => EVENTS.has(field)) : undefined;
  if (event !== undefined) return { status: "service", event };
  const placeholder = describe(message, kind);
  return { status: "text", text: message.caption ? `${placeholder}\n${message.caption}` : placeholder };
}

function describe(message: Message, kind: (typeof KINDS)[number] | undefined): string {
  if (kind === undefined) return "[message of an unknown kind]";
  const [, label, detailOf] = kind;
  const detail = oneLine(detailOf?.(message) ?? "", DETAIL_MAX);
  return detail === "" ? `[${label}]` : `[${label}: ${detail}]`;
}
