import { CodedError } from "../../core/errors.ts";

/** `claude_not_started`: asked for the address before start. `claude_wait_timeout`: what a test waits for never came. */
export type ClaudeSandboxErrorCode = "claude_not_started" | "claude_wait_timeout";

export class ClaudeSandboxError extends CodedError<ClaudeSandboxErrorCode> {}
