import { randomUUID } from "node:crypto";
import { access, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { syncDirectory, writeNewFile } from "../core/atomic-file.ts";
import { readCommonConfig } from "../core/config.ts";
import { EXIT, describeError } from "../core/errors.ts";
import { GENERAL_THREAD, type ThreadId } from "../core/ids.ts";
import { loadEnvironment } from "../core/secrets.ts";
import { CliError } from "./errors.ts";

export interface SendRequest {
  readonly threadId: ThreadId;
  readonly message: string;
}

export async function run(words: readonly string[]): Promise<number> {
  const request = await parseSend(words, process.stdin);
  const { dir } = readCommonConfig(loadEnvironment());
  process.stdout.write(`${await send(dir, request)}\n`);
  return EXIT.ok;
}

/** Reads the words behind `send`; a lone `-` takes the message from standard input. Throws `usage`. */
export async function parseSend(words: readonly string[], stdin: Readable): Promise<SendRequest> {
  const { values, positionals } = readWords(words);
  const thread = values.thread ?? String(GENERAL_THREAD);
  if (!/^[1-9]\d{0,14}$/.test(thread)) {
    throw new CliError("usage", `--thread ${thread} is no thread id: give the number that the topic's link ends with.`);
  }
  const fromStdin = positionals.length === 1 && positionals[0] === "-";
  const message = fromStdin ? (await text(stdin)).trimEnd() : positionals.join(" ");
  if (message.trim() === "")
    throw new CliError("usage", "send needs a message: ./tinyclaw.sh send [--thread N] MESSAGE…");
  return { threadId: Number(thread), message };
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: { thread: { type: "string" } }, allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `${reason} Put -- before a message that begins with a dash.`);
  }
}

/**
 * Puts the message into `<dir>/queue/incoming/` as any other program would: written aside, made durable, renamed.
 * Returns its messageId. Throws `send_failed` when there is no bot's directory or it cannot be written.
 */
export async function send(dir: string, request: SendRequest): Promise<string> {
  const queue = join(dir, "queue");
  const messageId = `cli-${randomUUID()}`;
  const record = { ...request, messageId, source: "cli", sender: "operator", timestamp: Date.now() };
  const name = `${messageId}.json`;
  const aside = join(queue, "tmp", name);
  try {
    await access(join(queue, "incoming"));
    await writeNewFile(aside, Buffer.from(`${JSON.stringify(record)}\n`));
    await rename(aside, join(queue, "incoming", name));
    await syncDirectory(join(queue, "incoming"));
  } catch (error) {
    throw new CliError(
      "send_failed",
      `The message could not be put into ${queue}: ${describeError(error)}. Start the bot once, or set TINYCLAW_DIR to its directory.`,
      { cause: error },
    );
  }
  return messageId;
}
