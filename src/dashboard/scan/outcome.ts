import { errorCode } from "../../core/errors.ts";

/** What a task comes to. An error that crosses threads loses its fields, so a failure goes as a value. */
export type Outcome<T> =
  | { readonly status: "ok"; readonly value: T }
  | { readonly status: "failed"; readonly code: string | undefined; readonly message: string };

export function outcomeOf<T>(task: () => T): Outcome<T> {
  try {
    return { status: "ok", value: task() };
  } catch (error) {
    return {
      status: "failed",
      code: errorCode(error),
      message: error instanceof Error ? error.message : String(error),
    };
  }
}
