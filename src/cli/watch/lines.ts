/** Rows of the dashboard as lines of a terminal. Pure; whatever a row holds was written by others. */
import { z } from "../../core/zod.ts";
import { onOneLine, shortened } from "../terminal.ts";

/** What is followed: messages always, the rest with `--all`. */
export type Followed = "messages" | "routing" | "activity" | "logs/telegram" | "logs/queue" | "logs/supervisor";

export type Paint = (text: string, style: keyof typeof STYLES) => string;

/** Select Graphic Rendition, ECMA-48 §8.3.117. */
const STYLES = { topic: "36", sender: "1", model: "32", aside: "2", fault: "31" } as const;
const RESET = "\u001b[0m";

export function paintWith(isColoured: boolean): Paint {
  return isColoured ? (text, style) => `\u001b[${STYLES[style]}m${text}${RESET}` : (text) => text;
}

/** A field of another type than it should be is taken for missing. */
const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const rowSchema = z.looseObject({
  raw: text,
  threadId: number,
  direction: text,
  sender: text,
  message: text,
  model: text,
  tier: text,
  reason: text,
  score: number,
  kind: text,
  tool: text,
  detail: text,
  ms: number,
  msg: text,
});
type Row = z.infer<typeof rowSchema>;

/** Names of the threads, by id. */
export type Names = ReadonlyMap<number, string>;

const MASTER = 1;

/** `#<topic> <sender or model>: <text>`; undefined for what is not worth a line. */
export function lineOf(followed: Followed, value: unknown, names: Names, paint: Paint): string | undefined {
  const row = rowSchema.safeParse(value).data;
  if (row === undefined) return undefined;
  if (row.raw !== undefined) return paint(`${followed}: ${shortened(row.raw, 500)}`, "aside");
  const place = paint(`#${topicOf(row, names)}`, "topic");
  switch (followed) {
    case "messages":
      return `${place} ${speakerOf(row, paint)}: ${onOneLine(row.message ?? "")}`;
    case "routing":
      return `${place} ${paint(routingText(row), "aside")}`;
    case "activity":
      return `${place} ${paint(activityText(row), row.kind === "error" ? "fault" : "aside")}`;
    default:
      return paint(`${followed}: ${onOneLine(row.msg ?? "")} ${restOf(row)}`.trimEnd(), "fault");
  }
}

export function gapLine(followed: Followed, reason: string, bytes: number, paint: Paint): string {
  return paint(`(${followed}: ${bytes} bytes were left out: ${onOneLine(reason)})`, "fault");
}

function topicOf({ threadId = MASTER }: Row, names: Names): string {
  const name = onOneLine(names.get(threadId) ?? "").trim();
  return name === "" ? String(threadId) : name;
}

function speakerOf({ direction, model, sender }: Row, paint: Paint): string {
  if (direction === "out") return paint(onOneLine(model ?? sender ?? "?"), "model");
  return paint(onOneLine(sender ?? "?"), "sender");
}

function routingText({ model, tier, score, reason }: Row): string {
  const facts = [tier, score === undefined ? undefined : `score ${Math.round(score * 1000) / 1000}`, reason];
  return onOneLine(`→ ${model ?? "?"} (${facts.filter((fact) => fact !== undefined).join(", ")})`);
}

function activityText({ kind, tool, detail, ms }: Row): string {
  const parts = [kind ?? "?", tool, ms === undefined ? undefined : `${Math.round(ms)} ms`];
  const head = parts.filter((part) => part !== undefined).join(" ");
  return detail === undefined ? onOneLine(head) : `${onOneLine(head)}: ${shortened(detail, 300)}`;
}

/** A log line's fields without those of every line. */
function restOf(row: Row): string {
  const usual = new Set(["cursor", "level", "time", "source", "msg"]);
  const rest = Object.entries(row).filter(([key, value]) => !usual.has(key) && value !== undefined);
  return rest.length === 0 ? "" : shortened(JSON.stringify(Object.fromEntries(rest)), 500);
}
