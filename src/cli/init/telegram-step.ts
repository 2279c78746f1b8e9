import { readTelegramConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { probeFinding } from "../setup/finding.ts";
import {
  probeBot,
  probeForum,
  searchChats,
  type BotIdentity,
  type FoundChat,
  type TelegramLine,
} from "../setup/telegram.ts";
import { byReader, settle, type Field, type Setup } from "./settle.ts";

const SAMPLE = { TELEGRAM_BOT_TOKEN: "1:a", TELEGRAM_CHAT_ID: "-1" };
const POLLS = 8;

const token: Field = {
  name: "TELEGRAM_BOT_TOKEN",
  message: "The bot's token, from @BotFather",
  comment: "Telegram: the bot's token, from @BotFather",
  required: true,
  isSecret: true,
  check: byReader((value) => readTelegramConfig({ ...SAMPLE, TELEGRAM_BOT_TOKEN: value })),
};
const chat: Field = {
  name: "TELEGRAM_CHAT_ID",
  message: "Id of the group, a number like -1001234567890",
  comment: "The group with topics that the bot works in",
  required: true,
  check: byReader((value) => readTelegramConfig({ ...SAMPLE, TELEGRAM_CHAT_ID: value })),
};
const users: Field = {
  name: "TELEGRAM_ALLOWED_USERS",
  message: "Who may give orders: numeric user ids, comma-separated; empty for every member of the group",
  comment: "Who may give orders; empty: every member of the group",
  required: false,
  check: byReader((value) => readTelegramConfig({ ...SAMPLE, TELEGRAM_ALLOWED_USERS: value })),
};

/** Token, group and who is listened to, each held against what Telegram says. */
export async function settleTelegram(setup: Setup): Promise<void> {
  const apiRoot = setup.draft.get("TELEGRAM_API_ROOT") ?? "https://api.telegram.org";
  const root = readTelegramConfig({ ...SAMPLE, TELEGRAM_API_ROOT: apiRoot }).apiRoot;
  const { line, bot } = await settleToken(setup, root);
  const writer = setup.draft.get(chat.name) === undefined ? await findChat(setup, line, bot) : undefined;
  await settleChat(setup, line, bot);
  await settle(setup, { ...users, suggestion: setup.prompter === undefined ? undefined : writer });
}

async function settleToken(
  setup: Setup,
  apiRoot: string,
): Promise<{ line: TelegramLine; bot: BotIdentity | undefined }> {
  for (let anew = false; ; anew = true) {
    const value = (await settle(setup, token, anew)) ?? "";
    const line = { apiRoot, token: value, signal: setup.signal };
    const probe = await probeBot(line);
    const told = probeFinding("Telegram bot", probe, ({ username }) => `@${username}`);
    setup.tell(told);
    if (probe.status !== "refused") return { line, bot: probe.status === "ok" ? probe.value : undefined };
    if (setup.prompter === undefined) {
      throw new ConfigError(`TELEGRAM_BOT_TOKEN is refused by Telegram: ${probe.remedy}.`, { variable: token.name });
    }
    setup.withdraw([told]);
  }
}

/** Asks until the group will do, or is to be taken as it is. */
async function settleChat(setup: Setup, line: TelegramLine, bot: BotIdentity | undefined): Promise<void> {
  for (let anew = false; ;) {
    const chatId = Number(await settle(setup, chat, anew));
    if (bot === undefined) return;
    const findings = await probeForum(line, chatId, bot);
    findings.forEach(setup.tell);
    const next = findings.some(({ mark }) => mark === "bad") ? await afterFault(setup) : "on";
    if (next === "on") return;
    setup.withdraw(findings);
    anew = next === "other";
  }
}

async function afterFault({ prompter }: Setup): Promise<"again" | "other" | "on"> {
  if (prompter === undefined) return "on";
  return prompter.choose("The group is not ready yet.", [
    { value: "again", label: "I have mended it: look again" },
    { value: "other", label: "Give another id" },
    { value: "on", label: "Go on as it is" },
  ]);
}

/** Finds the group by a message in it. Resolves with the id of who wrote it, as a suggestion. */
async function findChat(setup: Setup, line: TelegramLine, bot: BotIdentity | undefined): Promise<string | undefined> {
  if (bot === undefined) return undefined;
  const { prompter } = setup;
  const found = prompter === undefined ? await lookOnce(setup, line) : await waitForChat(setup, line, bot);
  if (found === undefined) return undefined;
  setup.draft.set(chat.name, String(found.id), chat.comment);
  setup.say(`Found the group “${found.title}” (${found.id}).`);
  return found.from === undefined ? undefined : String(found.from.id);
}

/** Without a terminal nobody can be told to write; one group that wrote before is enough. */
async function lookOnce(setup: Setup, line: TelegramLine): Promise<FoundChat | undefined> {
  const search = await searchChats(line, { wait: false, after: undefined });
  const forums = search.status === "found" ? search.chats.filter(({ isForum }) => isForum) : [];
  if (forums.length === 1) return forums[0];
  const found = forums.length === 0 ? "no group has written to the bot" : "several groups have written to the bot";
  const why = search.status === "found" ? found : search.reason;
  const remedy = "add the bot to the group, write a message there and run this again, or set the variable";
  throw new ConfigError(`TELEGRAM_CHAT_ID is missing, and could not be found: ${why}; ${remedy}.`, {
    variable: chat.name,
  });
}

async function waitForChat(setup: Setup, line: TelegramLine, bot: BotIdentity): Promise<FoundChat | undefined> {
  setup.say(
    `Add @${bot.username} to your group, make it an administrator, and write a message there. Waiting for it …`,
  );
  const told = new Set<number>();
  let after: number | undefined;
  for (let n = 0; n < POLLS; n += 1) {
    const search = await searchChats(line, { wait: true, after });
    if (search.status !== "found") {
      setup.say(`The group cannot be found by itself: ${search.reason}.`);
      return undefined;
    }
    const forums = search.chats.filter(({ isForum }) => isForum);
    if (forums.length > 0) return pick(setup, forums);
    for (const { id, title } of search.chats.filter((one) => !told.has(one.id))) {
      told.add(id);
      setup.say(`“${title}” has no topics: switch them on in its settings, then write there again.`);
    }
    after = search.next;
  }
  setup.say("No message came.");
  return undefined;
}

async function pick({ prompter }: Setup, forums: readonly FoundChat[]): Promise<FoundChat | undefined> {
  if (forums.length === 1 || prompter === undefined) return forums[0];
  const options = forums.map(({ id, title }) => ({ value: String(id), label: `${title} (${id})` }));
  const chosen = await prompter.choose("Which group is it?", options);
  return forums.find(({ id }) => String(id) === chosen);
}
