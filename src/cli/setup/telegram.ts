/** What Telegram says about a bot's token and its group, and which groups it is in. */
import { z } from "../../core/zod.ts";
import { ask, type Probe, type Reply, type Unreachable } from "./ask.ts";
import { bad, ok, skipped, type Finding } from "./finding.ts";

export interface TelegramLine {
  readonly apiRoot: string;
  readonly token: string;
  readonly signal: AbortSignal;
}

export interface BotIdentity {
  readonly id: number;
  readonly username: string;
  /** Privacy mode is off. */
  readonly readsAll: boolean;
  /** Telegram's clock less ours, ms. */
  readonly skewMs: number | undefined;
}

export interface FoundChat {
  readonly id: number;
  readonly title: string;
  readonly isForum: boolean;
  /** Who wrote there, where a person did. */
  readonly from: { readonly id: number; readonly name: string } | undefined;
}

const me = z.object({
  id: z.number().int(),
  username: z.string().default(""),
  can_read_all_group_messages: z.boolean().default(false),
});
const chatSchema = z.object({
  id: z.number().int(),
  type: z.string(),
  title: z.string().default(""),
  is_forum: z.boolean().default(false),
});
const memberSchema = z.object({
  status: z.string(),
  can_manage_topics: z.boolean().default(false),
  can_send_messages: z.boolean().default(true),
});
const happening = z.object({
  chat: chatSchema,
  from: z.object({ id: z.number().int(), first_name: z.string().default(""), is_bot: z.boolean() }).optional(),
});
const updates = z.array(
  z.object({ update_id: z.number().int(), message: happening.optional(), my_chat_member: happening.optional() }),
);
const failure = z.object({
  description: z.string().default(""),
  parameters: z.object({ migrate_to_chat_id: z.number().optional() }).default({}),
});

const POLL_SECONDS = 25;

export async function probeBot(line: TelegramLine): Promise<Probe<BotIdentity>> {
  const before = Date.now();
  const reply = await call(line, "getMe", {});
  if (reply.status === "unreachable") return reply;
  const bot = resultOf(reply, me);
  if (bot !== undefined) {
    const skewMs = reply.date === undefined ? undefined : reply.date - (before + Date.now()) / 2;
    return {
      status: "ok",
      value: { id: bot.id, username: bot.username, readsAll: bot.can_read_all_group_messages, skewMs },
    };
  }
  if (reply.http === 401 || reply.http === 404) {
    const reason = `Telegram refuses the token (${reply.http})`;
    return { status: "refused", reason, remedy: "copy the token again from @BotFather (/mybots, API Token)" };
  }
  return odd(line, reply);
}

/** Whether the group is one the bot can work in: a line each for the forum, its sight and its rights. */
export async function probeForum(line: TelegramLine, chatId: number, bot: BotIdentity): Promise<Finding[]> {
  const reply = await call(line, "getChat", { chat_id: chatId });
  if (reply.status === "unreachable") return [skipped("Telegram group", `not checked, ${reply.reason}`)];
  const chat = resultOf(reply, chatSchema);
  if (chat === undefined) return [noChat(chatId, reply)];
  const told = `“${chat.title}” (${chat.id})`;
  if (!chat.is_forum) {
    return [
      bad(
        "Telegram group",
        `${told} has no topics`,
        "switch topics on in the group's settings, then run this again: its id may change",
      ),
    ];
  }
  return [ok("Telegram group", `${told} is a forum`), ...(await probeRights(line, chatId, bot))];
}

async function probeRights(line: TelegramLine, chatId: number, bot: BotIdentity): Promise<Finding[]> {
  const reply = await call(line, "getChatMember", { chat_id: chatId, user_id: bot.id });
  if (reply.status === "unreachable") return [skipped("Telegram rights", `not checked, ${reply.reason}`)];
  const member = resultOf(reply, memberSchema);
  const name = `@${bot.username}`;
  if (member === undefined) return [skipped("Telegram rights", `not told by Telegram (${reply.http})`)];
  if (["left", "kicked"].includes(member.status)) {
    return [
      bad("Telegram rights", `${name} is no member of the group`, "add it to the group and make it an administrator"),
    ];
  }
  const isAdmin = ["administrator", "creator"].includes(member.status);
  return [
    sight(name, isAdmin, bot.readsAll),
    topics(name, member.status === "creator" || (isAdmin && member.can_manage_topics)),
  ];
}

function sight(name: string, isAdmin: boolean, readsAll: boolean): Finding {
  if (isAdmin || readsAll)
    return ok("Telegram messages", `${name} sees all of them (${isAdmin ? "administrator" : "privacy mode off"})`);
  const remedy = "make it an administrator, or /setprivacy → Disable at @BotFather and add it to the group anew";
  return bad(
    "Telegram messages",
    `${name} sees only those that name it: it is no administrator and privacy mode is on`,
    remedy,
  );
}

function topics(name: string, may: boolean): Finding {
  if (may) return ok("Telegram topics", `${name} may manage them`);
  return bad(
    "Telegram topics",
    `${name} may not manage them`,
    "give it the right “Manage topics” in the group's administrators",
  );
}

function noChat(chatId: number, reply: Reply): Finding {
  const { description, parameters } = failure.catch({ description: "", parameters: {} }).parse(reply.json);
  if (parameters.migrate_to_chat_id !== undefined) {
    return bad(
      "Telegram group",
      `${chatId} has become ${parameters.migrate_to_chat_id}`,
      `set TELEGRAM_CHAT_ID=${parameters.migrate_to_chat_id}`,
    );
  }
  if (reply.http !== 400 && reply.http !== 403)
    return skipped("Telegram group", `not checked, Telegram answered ${reply.http}`);
  return bad(
    "Telegram group",
    `the bot cannot see ${chatId} (${description || reply.http})`,
    "add the bot to the group, or correct TELEGRAM_CHAT_ID",
  );
}

export type ChatSearch =
  | { readonly status: "found"; readonly chats: readonly FoundChat[]; readonly next: number | undefined }
  /** Another program fetches this bot's updates. */
  | { readonly status: "taken"; readonly reason: string }
  | Unreachable;

/**
 * Groups from which updates wait. `wait` stays for the next one; `next`, given back as `after`, leaves out those seen.
 * An update is confirmed only by a later search that leaves it out, so that the message the group was found by is still
 * there for the bot.
 */
export async function searchChats(
  line: TelegramLine,
  { wait, after }: { readonly wait: boolean; readonly after: number | undefined },
): Promise<ChatSearch> {
  const timeout = wait ? POLL_SECONDS : 0;
  const query = {
    timeout,
    allowed_updates: ["message", "my_chat_member"],
    ...(after === undefined ? {} : { offset: after }),
  };
  const reply = await call(line, "getUpdates", query, (timeout + 10) * 1000);
  if (reply.status === "unreachable") return reply;
  const found = resultOf(reply, updates);
  if (found !== undefined) return { status: "found", chats: chatsOf(found), next: nextOf(found) ?? after };
  if (reply.http !== 409) return { status: "unreachable", reason: `Telegram answered ${reply.http}` };
  return { status: "taken", reason: "another program fetches this bot's updates: a running bot, or a webhook" };
}

/** Each group once, as the last update tells of it. */
function chatsOf(found: z.infer<typeof updates>): FoundChat[] {
  const chats = new Map<number, FoundChat>();
  for (const { message, my_chat_member } of found) {
    const { chat, from } = message ?? my_chat_member ?? {};
    if (chat === undefined || !["group", "supergroup"].includes(chat.type)) continue;
    const isPerson = from !== undefined && !from.is_bot;
    const who = isPerson ? { id: from.id, name: from.first_name } : chats.get(chat.id)?.from;
    chats.set(chat.id, { id: chat.id, title: chat.title, isForum: chat.is_forum, from: who });
  }
  return [...chats.values()];
}

function nextOf(found: z.infer<typeof updates>): number | undefined {
  const last = found.at(-1)?.update_id;
  return last === undefined ? undefined : last + 1;
}

function call(line: TelegramLine, method: string, body: object, timeoutMs?: number): Promise<Reply | Unreachable> {
  const url = `${line.apiRoot}/bot${line.token}/${method}`;
  return ask({ url, body, signal: line.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

function resultOf<T>({ json }: Reply, schema: z.ZodType<T>): T | undefined {
  return z.object({ ok: z.literal(true), result: schema }).safeParse(json).data?.result;
}

function odd({ apiRoot }: TelegramLine, reply: Reply): Unreachable {
  return { status: "unreachable", reason: `${new URL(apiRoot).host} answered ${reply.http} and not as Telegram does` };
}
