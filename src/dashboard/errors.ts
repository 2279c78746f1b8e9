import { CodedError } from "../core/errors.ts";

/**
 * `bad_cursor`: a text that cannot be a cursor. `file_unreadable`: a file is there, and reading it failed.
 * `stream_closed`: a stream was asked after it was closed. `client_gone`: who asked has left. `server_stopping`: the
 * dashboard is being ended. `sign_in_expired`: whoever opened a stream must show itself anew. `listen_failed`: the address is taken, or not ours.
 */
export class DashboardError extends CodedError<
  | "bad_cursor"
  | "file_unreadable"
  | "stream_closed"
  | "client_gone"
  | "server_stopping"
  | "sign_in_expired"
  | "listen_failed"
> {}

/**
 * Why a request or a frame is refused, and with which status of HTTP. `bad_request`: what is asked cannot be parsed;
 * `bad_parameter`, `bad_cursor`, `bad_filter`: one part of it; `unknown_topic`: no such stream; `not_found`: no such
 * path, thread, log or message; `too_many`: more of something than one client may have.
 */
export type RefusalCode =
  | "bad_request"
  | "bad_parameter"
  | "bad_cursor"
  | "bad_filter"
  | "unknown_topic"
  | "unauthenticated"
  | "foreign_origin"
  | "not_found"
  | "method_not_allowed"
  | "foreign_host"
  | "upgrade_required"
  | "too_many"
  | "internal"
  | "unavailable";

const STATUS: Readonly<Record<RefusalCode, number>> = {
  bad_request: 400,
  bad_parameter: 400,
  bad_cursor: 400,
  bad_filter: 400,
  unknown_topic: 400,
  unauthenticated: 401,
  foreign_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  foreign_host: 421,
  upgrade_required: 426,
  too_many: 429,
  internal: 500,
  unavailable: 503,
};

/** Thrown by whatever parses a request; the message says what is wrong and what to do, and is shown to the client. */
export class Refusal extends CodedError<RefusalCode> {
  get status(): number {
    return STATUS[this.code];
  }
}
