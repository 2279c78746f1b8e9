/** `settings get [KEY]`, `settings set KEY VALUE`, `settings unset KEY`: `settings.json`, by the rules the bot reads it. */
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../core/atomic-file.ts";
import { readCommonConfig } from "../core/config.ts";
import { EXIT, describeError, errorCode } from "../core/errors.ts";
import { loadEnvironment } from "../core/secrets.ts";
import { DEFAULT_SETTINGS, SETTINGS, issuesOf, settingsSchema } from "../core/settings.ts";
import type { Setting } from "../core/settings.ts";
import { CliError } from "./errors.ts";
import { onOneLine } from "./terminal.ts";

type JsonObject = Record<string, unknown>;
type Name = keyof typeof SETTINGS;

/** A place in the file: a key of all, or a thread's own value of it. */
interface Place {
  readonly key: string;
  readonly name: Name;
  readonly threadId: string | undefined;
}

/** A file of settings and the time zone that counts where it names none. */
interface Source {
  readonly path: string;
  readonly timeZone: string;
}

const USAGE = "usage: settings get [KEY] | settings set KEY VALUE | settings unset KEY";

export async function run(words: readonly string[]): Promise<number> {
  const { dir, timeZone } = readCommonConfig(loadEnvironment());
  const source = { path: join(dir, "settings.json"), timeZone };
  const [action, ...rest] = words;
  const [key = "", value = ""] = rest;
  if (action === "get" && rest.length === 0) return print(await listSettings(source));
  if (action === "get" && rest.length === 1) return print([await getSetting(source, key)]);
  if (action === "set" && rest.length === 2) return done(await setSetting(source, key, value));
  if (action === "unset" && rest.length === 1) return done(await setSetting(source, key, undefined));
  throw new CliError("usage", USAGE);
}

function print(lines: readonly string[]): number {
  process.stdout.write(`${lines.map(onOneLine).join("\n")}\n`);
  return EXIT.ok;
}

function done(warning: string | undefined): number {
  if (warning === undefined) return EXIT.ok;
  process.stderr.write(`${onOneLine(warning)}\n`);
  return 1;
}

/** The value in force, as a script wants it. Throws `usage`, or `settings_invalid` for a file that is no settings. */
export async function getSetting(source: Source, key: string): Promise<string> {
  const place = placeOf(key);
  const stored = await readStored(source.path);
  const value = valueAt(stored, place) ?? fallback(stored, place, source.timeZone);
  return value === undefined ? "" : plain(value);
}

/** Every key with its value, those of threads too; an address is cut, for it may be a secret, and so are foreign keys. */
async function listSettings(source: Source): Promise<string[]> {
  const stored = await readStored(source.path);
  const names = Object.keys(SETTINGS) as Name[];
  const lines = names.map((name) => {
    const place = { key: name, name, threadId: undefined };
    const value = valueAt(stored, place);
    if (value !== undefined) return `${name} ${shown(name, value)}`;
    const otherwise = fallback(stored, place, source.timeZone);
    return otherwise === undefined ? `${name} (not set)` : `${name} ${plain(otherwise)} (default)`;
  });
  const own = Object.entries(objectIn(stored, "threads")).flatMap(([threadId, values]) =>
    names
      .map((name) => ({ name, value: asObject(values)[name] }))
      .filter(({ name, value }) => SETTINGS[name].perThread && value !== undefined)
      .map(({ name, value }) => `threads.${threadId}.${name} ${shown(name, value)}`),
  );
  const foreign = Object.keys(stored).filter((key) => key !== "threads" && !Object.hasOwn(SETTINGS, key));
  return [...lines, ...own, ...foreign.map((key) => `${key} (not a key of this program; kept)`)];
}

/**
 * Puts a value into the file, or takes it out; every other key stays as it is. Answers a warning where the bot will not
 * take it up, for the sake of another value. Throws `usage` or `settings_invalid`; then nothing has changed.
 */
export async function setSetting(source: Source, key: string, text: string | undefined): Promise<string | undefined> {
  const place = placeOf(key);
  const value = text === undefined ? undefined : parseValue(place, text);
  const stored = changed(await readStored(source.path), place, value);
  // What a link leads to is replaced, not the link.
  const path = await realpath(source.path).catch(() => source.path);
  try {
    await replaceFile(path, `${JSON.stringify(stored, null, 2)}\n`);
  } catch (error) {
    throw invalid(`${path} cannot be written: ${describeError(error)}. Is TINYCLAW_DIR right, and is it yours?`, error);
  }
  const checked = settingsSchema.safeParse(stored);
  if (checked.success) return undefined;
  return `${key} is stored, but the bot does not read settings.json before this is mended: ${issuesOf(checked.error)}`;
}

function placeOf(key: string): Place {
  const [, threadId, own] = /^threads\.([1-9]\d{0,14})\.(\w+)$/.exec(key) ?? [];
  const name = own ?? key;
  if (!isName(name)) {
    throw new CliError("usage", `settings.json has no key ${onOneLine(key)}; its keys are ${keyList()}.`);
  }
  if (threadId !== undefined && !SETTINGS[name].perThread) {
    throw new CliError("usage", `${name} is the same for all threads: set ${name} itself.`);
  }
  return { key, name, threadId };
}

function isName(name: string): name is Name {
  return Object.hasOwn(SETTINGS, name);
}

function keyList(): string {
  const names = Object.keys(SETTINGS) as Name[];
  const own = names.filter((name) => SETTINGS[name].perThread).map((name) => `threads.<id>.${name}`);
  return [...names, ...own].join(", ");
}

function parseValue({ key, name }: Place, text: string): string | number {
  const { schema, rule, isNumber }: Setting = SETTINGS[name];
  const given = isNumber && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  throw new CliError("settings_invalid", `${key} must be ${rule}, and the given value is not. Nothing has changed.`);
}

function changed(stored: JsonObject, { name, threadId }: Place, value: string | number | undefined): JsonObject {
  if (threadId === undefined) return withKey(stored, name, value);
  const threads = objectIn(stored, "threads");
  return { ...stored, threads: withKey(threads, threadId, withKey(objectIn(threads, threadId), name, value)) };
}

function withKey(object: JsonObject, key: string, value: unknown): JsonObject {
  const { [key]: _old, ...rest } = object;
  if (value === undefined) return rest;
  return Object.hasOwn(object, key) ? { ...object, [key]: value } : { ...rest, [key]: value };
}

function valueAt(stored: JsonObject, { name, threadId }: Place): unknown {
  const holder = threadId === undefined ? stored : objectIn(objectIn(stored, "threads"), threadId);
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

/** What counts where nothing is set: for a thread the value of all, then the default. */
function fallback(stored: JsonObject, { name, threadId }: Place, timeZone: string): unknown {
  const general = threadId === undefined ? undefined : valueAt(stored, { key: name, name, threadId: undefined });
  const defaults: JsonObject = { ...DEFAULT_SETTINGS, timezone: timeZone };
  return general ?? defaults[name];
}

async function readStored(path: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    throw invalid(`${path} cannot be read: ${describeError(error)}`, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && (value["threads"] === undefined || isObject(value["threads"]))) return value;
  } catch (error) {
    throw invalid(`${path} does not parse (${issuesOf(error)}): mend it or move it away. Nothing has changed.`, error);
  }
  throw invalid(
    `${path} holds no JSON object, or one whose threads are none: mend it or move it away. Nothing has changed.`,
  );
}

function objectIn(object: JsonObject, key: string): JsonObject {
  return asObject(Object.hasOwn(object, key) ? object[key] : undefined);
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Where an address leads is enough to know it by. */
function shown(name: Name, value: unknown): string {
  if (name !== "pingUrl") return plain(value);
  return typeof value === "string" && URL.canParse(value) ? `${new URL(value).origin}/…` : "(not an address)";
}

function invalid(message: string, cause?: unknown): CliError {
  return new CliError("settings_invalid", message, { cause });
}
