/**
 * Telegram's Bot API on loopback: a forum group with one bot in it. The bot talks to `url` as to api.telegram.org;
 * tests and the demo act for the people, order faults, and read the record of what the bot did.
 */
export { TelegramSandbox } from "./sandbox.ts";
export type { TelegramSandboxOptions } from "./sandbox.ts";
export type { Call } from "./record.ts";
export type { User } from "./types.ts";
