import { CodedError } from "../errors.ts";
import type { ErrorDetails } from "../errors.ts";

/** What can go wrong in the queue and in the files under it. */
export type QueueErrorCode =
  /** The message could not be stored: treat it as not published. */
  | "queue_write_failed"
  /** The message does not have the shape its queue wants, or is too large. A fault of the caller. */
  | "queue_message_invalid"
  /** The folders of the queue cannot be used, for example because they lie on different file systems. */
  | "queue_layout_invalid"
  /** A message could not be taken into work; it is still at its place. */
  | "queue_claim_failed"
  /** The end of a message could not be recorded; the claim is still open. */
  | "queue_commit_failed"
  | "queue_retry_failed"
  | "queue_bury_failed"
  /** The claim was ended before, or is another queue's. A fault of the caller. */
  | "queue_claim_unknown"
  /** The consumer was used before open or after close. A fault of the caller. */
  | "queue_not_open"
  /** No sequence numbers are left. */
  | "queue_sequence_spent";

export class QueueError extends CodedError<QueueErrorCode> {}

/** Wraps what a system call threw into an error that says operation, file and remedy. */
export function queueFault(
  code: QueueErrorCode,
  message: string,
  cause: unknown,
  details: ErrorDetails = {},
): QueueError {
  return new QueueError(code, message, { cause, details });
}
