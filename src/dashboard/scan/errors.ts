import { CodedError } from "../../core/errors.ts";

/** A task of the pool failed, or its thread died: of memory, say. */
export class ScanError extends CodedError<"scan_failed"> {}
