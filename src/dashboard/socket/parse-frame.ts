import { MAX_ID, clientFrame } from "../protocol.ts";
import type { ClientFrame } from "../protocol.ts";

/** A frame of a client, or what is wrong with it; `id` also of one that is wrong, if it bears one. */
export type Given = { readonly id: string | undefined } & (
  | { readonly frame: ClientFrame }
  | { readonly frame?: undefined; readonly message: string }
);

export function parseFrame(text: string): Given {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { id: undefined, message: "A frame is one JSON object; this is no JSON." };
  }
  const id = idOf(json);
  const parsed = clientFrame.safeParse(json);
  if (parsed.success) return { id, frame: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  return {
    id,
    message: `A frame is of type subscribe, unsubscribe, ack or ping, as the protocol says; here ${where || "the whole"} is wrong: ${issue?.message ?? "unknown"}.`,
  };
}

function idOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null || !("id" in json)) return undefined;
  return typeof json.id === "string" && json.id.length <= MAX_ID ? json.id : undefined;
}
