import { CodedError } from "../core/errors.ts";

/** `directory_held`: another bot runs on this data directory. */
export class SupervisorError extends CodedError<"directory_held"> {}
