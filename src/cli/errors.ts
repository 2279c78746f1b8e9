import { CodedError } from "../core/errors.ts";

/** Each code is told in docs/errors.md. */
export type CliErrorCode =
  /** The words of the command are off. */
  | "usage"
  /** A reply stayed out. */
  | "demo_failed"
  /** The message is not stored. */
  | "send_failed"
  /** A value, or the file it is to stand in, is against the rules of `settings.json`. */
  | "settings_invalid"
  /** Nothing was put aside under that name, or more than one thing. */
  | "letter_unknown"
  /** What was put aside cannot go back, or cannot be moved. */
  | "letter_stays"
  /** The dashboard does not answer, or not to us. */
  | "dashboard_refused"
  | "backup_failed"
  /** The archive is none of ours, cut short or changed, or the bot runs. Nothing has changed. */
  | "restore_refused"
  | "restore_failed"
  /** Something could not be written, or the questions were broken off. */
  | "init_failed";

export class CliError extends CodedError<CliErrorCode> {}
