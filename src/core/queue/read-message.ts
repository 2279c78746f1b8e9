import type { z } from "../zod.ts";
import { describeIssues, parseEnvelope } from "./envelope.ts";
import { readQueueFile } from "./read-file.ts";

export type MessageOutcome<M> =
  | { readonly status: "message"; readonly message: M }
  | { readonly status: "gone" }
  | { readonly status: "corrupt"; readonly reason: string };

/** Reads a file of ours. Throws what may pass by itself, such as too many open files. */
export async function readMessage<M>(path: string, schema: z.ZodType<M>): Promise<MessageOutcome<M>> {
  const file = await readQueueFile(path);
  if (file.status === "gone") return file;
  if (file.status === "empty") return { status: "corrupt", reason: "empty" };
  if (file.status === "unfit") return { status: "corrupt", reason: file.reason };
  const parsed = parseEnvelope(file.bytes);
  if (parsed.status === "corrupt") return parsed;
  const checked = schema.safeParse(parsed.value);
  return checked.success
    ? { status: "message", message: checked.data }
    : { status: "corrupt", reason: describeIssues(checked.error) };
}
