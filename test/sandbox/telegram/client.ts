import type { TestContext } from "node:test";
import { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import type { TelegramSandboxOptions } from "../../../src/sandbox/telegram/telegram.ts";

/** An answer of the Bot API, with the HTTP status it came with. */
export interface Answer {
  readonly http: number;
  readonly ok: boolean;
  // eslint-disable-next-line typescript/no-explicit-any -- each method has its own, and the tests look into it freely
  readonly result?: any;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number };
}

/** A running sandbox that the test's end stops. */
export async function startSandbox(t: TestContext, options: TelegramSandboxOptions = {}): Promise<TelegramSandbox> {
  const sandbox = new TelegramSandbox(options);
  await sandbox.start();
  t.after(() => sandbox.stop());
  return sandbox;
}

/** One call as JSON over the wire, its parameters as given. */
export async function raw(
  sandbox: TelegramSandbox,
  method: string,
  params: object,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/bot${sandbox.token}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(params),
    ...(signal === undefined ? {} : { signal }),
  });
  return { http: response.status, ...((await response.json()) as Omit<Answer, "http">) };
}

/** One call in the sandbox's chat. */
export function call(sandbox: TelegramSandbox, method: string, params: object = {}): Promise<Answer> {
  return raw(sandbox, method, { chat_id: sandbox.chatId, ...params });
}

/** One getUpdates. */
export function poll(sandbox: TelegramSandbox, params: object = {}, signal?: AbortSignal): Promise<Answer> {
  return raw(sandbox, "getUpdates", params, signal);
}

/** Texts of the messages among the updates of an answer. */
export function texts(answer: Answer): string[] {
  return (answer.result as { message?: { text?: string } }[]).map((update) => update.message?.text ?? "");
}
