/** Errors that callers branch on by `code`, and that are enough on their own when read in a log at night. */

/** Ids, paths, statuses and other context of an error. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** An error as it crosses a thread or goes to a log. */
export interface ErrorJson {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly cause?: string;
}

/**
 * Base of every error this program throws on purpose. The message names the operation, the value and the remedy;
 * `details` holds the same as fields.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }

  toJSON(): ErrorJson {
    const base = { name: this.name, code: this.code, message: this.message, details: this.details };
    return this.cause === undefined ? base : { ...base, cause: describeError(this.cause) };
  }
}

/** A variable or file the operator must mend; ends the program at start with status 125. */
export class ConfigError extends CodedError<"config_invalid"> {
  constructor(message: string, details: ErrorDetails = {}) {
    super("config_invalid", message, { details });
  }
}

/** A file or directory could not be synced: what was written to it may be gone, though a later sync would succeed. */
export class SyncError extends CodedError<"sync_failed"> {
  constructor(path: string, cause: unknown) {
    super("sync_failed", `Syncing ${path} failed; what was written may be lost. Check the disk, then write it anew.`, {
      details: { path },
      cause,
    });
  }
}

/** Whether a failed sync is at the bottom of an error: what it is about must not be taken for stored. */
export function isSyncFailure(error: unknown): boolean {
  if (error instanceof SyncError) return true;
  return error instanceof Error && error.cause !== undefined && isSyncFailure(error.cause);
}

/** The system's code at the bottom of an error, if one of these is there. */
export function systemFault(error: unknown, codes: readonly string[]): string | undefined {
  const code = errorCode(error);
  if (code !== undefined && codes.includes(code)) return code;
  return error instanceof Error && error.cause !== undefined ? systemFault(error.cause, codes) : undefined;
}

/** Exit statuses of every program, as operators' scripts and Docker's restart policy see them. */
export const EXIT = { ok: 0, gaveUp: 70, tryLater: 75, config: 125 } as const;

/** One line for a log or a cause, whatever was thrown. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error);
  return code === undefined ? `${error.name}: ${error.message}` : `${error.name} ${code}: ${error.message}`;
}

/** The `code` of a coded error or of a Node system error (`ENOSPC`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
