/** The parameters of a request: each is known and well-formed, or the request is refused. */
import { Refusal } from "../errors.ts";
import type { Filter } from "../filter.ts";
import type { Shape } from "../row-json.ts";
import { parseCursor } from "../tail/cursor.ts";
import type { Cursor } from "../tail/stream.ts";
import { factsOf } from "../topics.ts";
import type { Topic } from "../topics.ts";

/** Values of one filter at most. */
const MAX_VALUES = 64;
const MAX_VALUE_LENGTH = 256;
const MAX_Q_LENGTH = 400;
const LEVEL = /^(?:[a-z]{1,16}|\d{1,3})$/i;
const THREAD_ID = /^[1-9]\d{0,15}$/;
const DIRECTIONS = ["in", "out"];

/** A thread's id as it stands in paths and parameters; undefined for a text that is none. */
export function parseThreadId(text: string): number | undefined {
  const id = THREAD_ID.test(text) ? Number(text) : 0;
  return id > 0 && Number.isSafeInteger(id) ? id : undefined;
}

/** Reads the parameters of one request. Its methods throw `bad_parameter`, or `bad_cursor`. */
export class Query {
  readonly #given: URLSearchParams;

  /**
   * A name that is not among `known` is refused: a slip of the pen would otherwise answer more than was asked. One that
   * begins with `_` is the client's own affair.
   */
  constructor(given: URLSearchParams, known: readonly string[]) {
    this.#given = given;
    for (const name of new Set(given.keys())) {
      if (known.includes(name) || name.startsWith("_")) continue;
      const names = known.length === 0 ? "none" : known.join(", ");
      throw refusal(`${quoted(name)} is no parameter of this path; it knows ${names}.`);
    }
  }

  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** The value, once at most. */
  one(name: string): string | undefined {
    const values = this.#given.getAll(name);
    if (values.length > 1) throw refusal(`${name} is given ${values.length} times: give it once.`);
    return values[0];
  }

  /** A whole number from `min` to `max`. */
  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw wrong(name, text, `a whole number from ${min} to ${max}`);
  }

  /** One of `allowed`. */
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.one(name);
    const found = allowed.find((value) => value === text);
    if (text !== undefined && found === undefined) throw wrong(name, text, `one of ${allowed.join(", ")}`);
    return found;
  }

  text(name: string, max: number): string | undefined {
    const text = this.one(name);
    if (text === undefined || (text !== "" && text.length <= max)) return text;
    throw wrong(name, text, `a text of 1 to ${max} characters`);
  }

  cursor(name: string): Cursor | undefined {
    const text = this.one(name);
    if (text !== undefined) parseCursor(text);
    return text;
  }

  /** Every value given, undefined without any: rows with any of them are meant. */
  values<T>(name: string, parse: (text: string) => T | undefined, rule: string): T[] | undefined {
    const texts = this.#given.getAll(name);
    if (texts.length === 0) return undefined;
    if (texts.length > MAX_VALUES) throw refusal(`${name} is given ${texts.length} times: ${MAX_VALUES} at most.`);
    return texts.map((text) => {
      const value = parse(text);
      if (value === undefined) throw wrong(name, text, rule);
      return value;
    });
  }
}

/** The parameters that choose rows of a topic: the fields, of which one has a shorter name here. */
export function filterNames(topic: Topic): readonly string[] {
  return [...factsOf(topic).filters.map((field) => (field === "threadId" ? "thread" : field)), "q"];
}

/** The parameter `full=0` leaves out bodies, where there are any. */
export function shapeNames(topic: Topic): readonly string[] {
  return factsOf(topic).bodies.length > 0 ? ["full"] : [];
}

export function shapeOf(query: Query): Shape {
  return query.choice("full", ["0", "1"]) === "0" ? "slim" : "full";
}

export function filterOf(query: Query): Filter {
  const [from, to] = [query.integer("from", 0), query.integer("to", 0)];
  if (from !== undefined && to !== undefined && from > to) throw refusal("from is after to: swap them.");
  const filter: Record<keyof Filter, unknown> = {
    threadId: query.values("thread", parseThreadId, "a thread's id"),
    model: query.values("model", someText, "a model's name"),
    tier: query.values("tier", someText, "a tier's name"),
    direction: query.values("direction", (text) => (DIRECTIONS.includes(text) ? text : undefined), "in or out"),
    level: query.values("level", parseLevel, "a level's name or number"),
    messageId: query.values("messageId", someText, "a message's id"),
    q: query.text("q", MAX_Q_LENGTH),
    from,
    to,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function parseLevel(text: string): string | undefined {
  return LEVEL.test(text) ? text : undefined;
}

function someText(text: string): string | undefined {
  return text !== "" && text.length <= MAX_VALUE_LENGTH ? text : undefined;
}

function wrong(name: string, text: string, rule: string): Refusal {
  return refusal(`${name} is ${quoted(text)}: it must be ${rule}.`);
}

function refusal(message: string): Refusal {
  return new Refusal("bad_parameter", message);
}

/** What a client sent, short enough to be sent back. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
