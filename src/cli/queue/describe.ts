/** How what was put aside is shown. Everything in it was written by others, and is made fit for a terminal. */
import { z } from "../../core/zod.ts";
import { parseDropped } from "../../core/queue/envelope.ts";
import { readQueueFile } from "../../core/queue/read-file.ts";
import { onLines, onOneLine, shortened } from "../terminal.ts";
import { pathIn, timeOf } from "./letters.ts";
import type { Letter } from "./letters.ts";

/** As much of a message as a line tells. */
const partSchema = z.looseObject({
  threadId: z.number().optional().catch(undefined),
  targetThreadId: z.number().optional().catch(undefined),
  sender: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
});
type Part = z.infer<typeof partSchema>;

interface Content {
  /** The fields of a JSON object, if it is one. */
  readonly part: Part | undefined;
  /** Its text otherwise, or why it has none. */
  readonly text: string;
  readonly isReadable: boolean;
}

/** A file is not opened for its line when it is larger. */
const MAX_LISTED_BYTES = 1024 * 1024;
const MAX_SHOWN_BYTES = 64 * 1024;
const TEXT_LENGTH = 60;

/** `<id> <folder> <time> <file or #thread sender: text> (<reason>)`, on one line. */
export async function lineOf(letter: Letter): Promise<string> {
  const content = letter.bytes > MAX_LISTED_BYTES ? undefined : await readContent(letter);
  const time = timeText(timeOf(letter), 16);
  const reason = shortened(letter.why.reason ?? letter.unfit ?? "no reason was written down", 200);
  return `${letter.id}  ${letter.folder}  ${time}  ${whatOf(letter, content?.part)}  (${reason})`;
}

function whatOf({ name, bytes }: Letter, part: Part | undefined): string {
  if (part?.message === undefined) return `${shortened(name, TEXT_LENGTH)}, ${bytes} bytes`;
  const thread = part.targetThreadId ?? part.threadId ?? 1;
  return `#${thread} ${shortened(part.sender ?? "?", 30)}: ${shortened(part.message, TEXT_LENGTH)}`;
}

/** All that is known of it, a field a line, then its text. */
export async function pageOf(letter: Letter): Promise<string> {
  const { id, folder, name, why, bytes } = letter;
  const head: [string, unknown][] = [
    ["id", id],
    ["folder", `queue/${folder}`],
    ["file", name],
    ["bytes", bytes],
    ["put aside", timeText(timeOf(letter), 19)],
    ...Object.entries(why).filter(([key]) => key !== "timestamp"),
  ];
  const { part, text, isReadable } = await readContent(letter);
  const { message, ...fields } = part ?? {};
  const lines = [...head, ...Object.entries(fields)].map(([key, value]) => `${onOneLine(key)}: ${valueText(value)}`);
  const shownText = isReadable ? onLines(message ?? text) : `(${onOneLine(text)})`;
  return `${lines.join("\n")}\n\n${shownText.trimEnd()}\n`;
}

function valueText(value: unknown): string {
  if (typeof value === "string") return onOneLine(value);
  try {
    // A field of another type than ours is undefined here.
    return onOneLine(JSON.stringify(value) ?? "not readable");
  } catch {
    return "nested too deeply";
  }
}

async function readContent({ dir, rawName }: Letter): Promise<Content> {
  const file = await readQueueFile(pathIn(dir, rawName));
  if (file.status !== "read") {
    return { part: undefined, text: file.status === "unfit" ? file.reason : file.status, isReadable: false };
  }
  const parsed = parseDropped(file.bytes);
  const part = parsed.status === "ok" ? partSchema.safeParse(parsed.value).data : undefined;
  const cut = file.bytes.length - MAX_SHOWN_BYTES;
  const text = file.bytes.subarray(0, MAX_SHOWN_BYTES).toString("utf8");
  return { part, text: cut > 0 ? `${text}\n(and ${cut} bytes more)` : text, isReadable: true };
}

/** The first `length` characters of the ISO form, in UTC; a time that no Date can hold is told as a number. */
function timeText(ms: number, length: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : `${date.toISOString().slice(0, length)}Z`;
}
