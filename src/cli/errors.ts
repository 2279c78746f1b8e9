import { CodedError } from "../core/errors.ts";

/** `usage`: the words of the command are off. `demo_failed`: a reply stayed out. `send_failed`: the message is not stored. */
export class CliError extends CodedError<"usage" | "demo_failed" | "send_failed"> {}
