import { z } from "../../../core/zod.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { User } from "../types.ts";
import type { World } from "../world.ts";
import { chatMethod, method } from "./method.ts";
import type { Method } from "./method.ts";
import { chatAction, flag, integer } from "./params.ts";

/** What an administrator who runs topics may do. */
const RIGHTS = {
  can_be_edited: false,
  can_manage_chat: true,
  can_delete_messages: true,
  can_pin_messages: true,
  can_manage_video_chats: false,
  can_restrict_members: false,
  can_promote_members: false,
  can_change_info: false,
  can_invite_users: true,
  is_anonymous: false,
};

/** The bot itself, the chat and its members, typing, button presses. */
export const chatMethods: Readonly<Record<string, Method>> = {
  getMe: method(z.looseObject({}), (_params, { world }) => ({
    ...world.bot,
    can_join_groups: true,
    can_read_all_group_messages: world.standing.readsAll,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  })),
  getChat: chatMethod({}, (_params, { world }) => ({
    ...world.chat,
    ...(world.standing.isForum ? {} : { is_forum: undefined }),
    accent_color_id: 0,
    max_reaction_count: 11,
    permissions: { can_send_messages: true, can_manage_topics: false },
  })),
  getChatMember: chatMethod({ user_id: integer }, (params, { world }) => {
    const user = world.users.get(params.user_id);
    if (user === undefined) throw badRequest("PARTICIPANT_ID_INVALID");
    return member(world, user);
  }),
  getChatAdministrators: chatMethod({}, (_params, { world }) => [member(world, world.bot)]),
  sendChatAction: chatMethod({ action: chatAction, message_thread_id: integer.optional() }, (params, { world }) => {
    const threadId = params.message_thread_id;
    if (threadId !== undefined && !world.topics.has(threadId)) throw badRequest("message thread not found");
    return true;
  }),
  answerCallbackQuery: method(
    z.looseObject({ callback_query_id: z.string(), text: z.string().optional(), show_alert: flag.optional() }),
    (params, { callbackQueries }) => {
      if (!callbackQueries.has(params.callback_query_id)) {
        throw badRequest("query is too old and response timeout expired or query ID is invalid");
      }
      if ((params.text ?? "").length > LIMITS.callbackAnswer) throw badRequest("MESSAGE_TOO_LONG");
      return true;
    },
  ),
};

/** Every user who was added is a member; the bot is an administrator, unless it stands otherwise. */
function member({ bot, standing }: World, user: User): object {
  if (user.id !== bot.id) return { user, status: "member" };
  const { status, managesTopics } = standing;
  return status === "administrator" ? { user, status, ...RIGHTS, can_manage_topics: managesTopics } : { user, status };
}
