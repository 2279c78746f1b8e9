import { z } from "../core/zod.ts";
import { Refusal } from "./errors.ts";
import type { Match, Row } from "./tail/stream.ts";

type Value = string | number;

const value = z.union([z.string().max(200), z.number()]);
const anyOf = z.union([value, z.array(value).min(1).max(64)]);

/** Equality on fields, an array for any of its values, and `q`, a substring whatever its case. */
export const filterSchema = z.strictObject({
  threadId: anyOf.optional(),
  model: anyOf.optional(),
  tier: anyOf.optional(),
  direction: anyOf.optional(),
  level: anyOf.optional(),
  messageId: anyOf.optional(),
  q: z.string().min(1).max(400).optional(),
});

/** `from` and `to`: epoch ms, both inclusive; a row without a time is not between any. */
export type Filter = Readonly<z.infer<typeof filterSchema>> & { readonly from?: number; readonly to?: number };

/** The names that pino's numbers stand for. */
const LEVELS: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};
/** Writers of one file are not in step: a row may be this much older than one before it, ms. */
const DISORDER_MS = 60_000;

type Test = (row: Row) => boolean;

/** Throws `bad_filter`. */
export function parseFilter(given: unknown): Filter {
  const parsed = filterSchema.safeParse(given);
  if (parsed.success) return dropUndefined(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : (issue?.path.join(".") ?? "");
  throw new Refusal(
    "bad_filter",
    `A filter knows ${Object.keys(filterSchema.shape).join(", ")}, each a value or an array of up to 64, q a text of up to 400; ${where || "this"} is wrong.`,
  );
}

function dropUndefined(filter: object): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** Epoch ms of a row: a record's `timestamp`, an older one's `ts`, pino's `time`. */
export function timeOfRow(row: Row): number | undefined {
  const time = row.member("timestamp") ?? row.member("ts") ?? row.member("time");
  return typeof time === "number" && Number.isFinite(time) ? time : undefined;
}

/**
 * Undefined: every row. With a direction of reading, reading stops where nothing more can lie between `from` and `to`.
 */
export function matchOf(filter: Filter, reading?: "forward" | "backward"): Match | undefined {
  const tests: Test[] = [];
  const { q, from, to, ...fields } = filter;
  for (const [name, wanted] of Object.entries(fields)) if (wanted !== undefined) tests.push(equality(name, wanted));
  if (q !== undefined) tests.push(substring(q));
  if (from !== undefined || to !== undefined) tests.push(between(from, to));
  if (tests.length === 0) return undefined;
  const passes = (row: Row): boolean => tests.every((test) => test(row));
  const isPast = beyond(filter, reading);
  return isPast === undefined ? passes : (row) => (isPast(row) ? "stop" : passes(row));
}

/** By what is written: an older record has a number where another has a text, and an address has texts alone. */
function equality(name: string, wanted: Value | readonly Value[]): Test {
  const written = name === "level" ? levelName : String;
  const values = new Set((Array.isArray(wanted) ? wanted : [wanted]).map((one: Value) => written(one)));
  return (row) => {
    const found = row.member(name);
    return (typeof found === "string" || typeof found === "number") && values.has(written(found));
  };
}

/** A level by its name, in lower case, whether it is given so or as pino's number. */
function levelName(level: Value): string {
  return LEVELS[Number(level)] ?? String(level).toLowerCase();
}

/** In the line as it is written: so a text with quotes is also looked for as JSON writes it. */
function substring(q: string): Test {
  const needles = needlesOf(q);
  return ({ text }) => {
    const line = text.toLowerCase();
    return needles.some((needle) => line.includes(needle));
  };
}

/** What a line is searched for, in lower case: the text itself, and as it stands within JSON. */
export function needlesOf(q: string): readonly string[] {
  return [...new Set([q, JSON.stringify(q).slice(1, -1)])].map((needle) => needle.toLowerCase());
}

function between(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Test {
  return (row) => {
    const time = timeOfRow(row);
    return time !== undefined && time >= from && time <= to;
  };
}

function beyond({ from, to }: Filter, reading: "forward" | "backward" | undefined): Test | undefined {
  if (reading === "forward" && to !== undefined) return (row) => (timeOfRow(row) ?? to) > to + DISORDER_MS;
  if (reading === "backward" && from !== undefined) return (row) => (timeOfRow(row) ?? from) < from - DISORDER_MS;
  return undefined;
}
