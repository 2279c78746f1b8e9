import { CodedError } from "../../core/errors.ts";

/** What a test or the demo did wrong with the sandbox, or waited for in vain. */
export type TelegramSandboxErrorCode =
  | "telegram_not_started"
  | "telegram_wait_timeout"
  | "telegram_unknown_topic"
  | "telegram_unknown_message"
  | "telegram_unknown_button"
  | "telegram_unknown_update";

export class TelegramSandboxError extends CodedError<TelegramSandboxErrorCode> {}

/** A refusal as the Bot API words it: `{"ok": false, "error_code", "description", "parameters"}`. */
export class ApiError extends CodedError<"telegram_api_refused"> {
  readonly status: number;
  readonly description: string;

  constructor(status: number, description: string) {
    super("telegram_api_refused", `the Bot API answers ${status}: ${description}`, { details: { status } });
    this.status = status;
    this.description = description;
  }
}

/** 400, which is what the Bot API says to nearly everything it refuses. */
export function badRequest(reason: string): ApiError {
  return new ApiError(400, `Bad Request: ${reason}`);
}
