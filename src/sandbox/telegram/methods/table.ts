import { ApiError } from "../errors.ts";
import type { Params } from "../faults.ts";
import { chatMethods } from "./chat.ts";
import { commandMethods } from "./commands.ts";
import { mediaMethods } from "./media.ts";
import { messageMethods } from "./messages.ts";
import { refusing } from "./method.ts";
import type { Method, PreparedCall } from "./method.ts";
import { topicMethods } from "./topics.ts";
import { updateMethods } from "./updates.ts";

const METHODS: Readonly<Record<string, Method>> = {
  ...updateMethods,
  ...chatMethods,
  ...messageMethods,
  ...mediaMethods,
  ...topicMethods,
  ...commandMethods,
};
/** Telegram does not mind the case of a method's name. */
const BY_LOWER_CASE = new Map(Object.keys(METHODS).map((name) => [name.toLowerCase(), name]));

/** The method's name as documented; a name nobody knows stays as it came. */
export function canonicalName(name: string): string {
  return BY_LOWER_CASE.get(name.toLowerCase()) ?? name;
}

/** Reads a call's parameters; a method nobody knows is refused with 404. */
export function prepareCall(name: string, raw: Params): PreparedCall {
  const known = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return known?.(raw) ?? refusing(raw, new ApiError(404, "Not Found: method not found"));
}
