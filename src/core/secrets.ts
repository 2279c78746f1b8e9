import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect, parseEnv } from "node:util";
import { ConfigError, errorCode } from "./errors.ts";

/** Variables by name, as a process holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `.env` of the working directory under the real environment, which wins. */
export function loadEnvironment(directory: string = process.cwd()): Environment {
  let file: Environment = {};
  try {
    file = parseEnv(readFileSync(join(directory, ".env"), "utf8"));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw new ConfigError(`.env cannot be read (${errorCode(error) ?? "unknown"}): correct its permissions.`);
    }
  }
  return { ...file, ...process.env };
}

/** The environment of this thread as it is: a worker's holds what the supervisor picked for it. */
export function ownEnvironment(): Environment {
  return process.env;
}

/** What stands in the place of a secret. */
export const HIDDEN = "[secret]";

/** A value that prints as `[secret]` wherever it ends up by mistake: strings, JSON, console, template literals. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one call that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/** The secret variable `name`, from itself or from the file that `<name>_FILE` names; undefined when neither is set. */
export function readSecret(environment: Environment, name: string): Secret | undefined {
  const direct = environment[name];
  const file = environment[`${name}_FILE`];
  const hasDirect = direct !== undefined && direct !== "";
  if (file === undefined || file === "") return hasDirect ? new Secret(direct) : undefined;
  if (hasDirect) {
    throw new ConfigError(`${name} and ${name}_FILE are both set: remove one of them.`, { variable: name });
  }
  return new Secret(readSecretFile(name, file));
}

/** Its errors leave out the path: in its place a mistaken operator may have put the secret itself. */
function readSecretFile(name: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${name}_FILE names no file that can be read (${errorCode(error) ?? "unknown"}): correct the path or its permissions.`,
      { variable: `${name}_FILE` },
    );
  }
  const value = text.replace(/\r?\n$/, "");
  if (value === "") {
    throw new ConfigError(`${name}_FILE names an empty file: write the secret into it.`, {
      variable: `${name}_FILE`,
    });
  }
  return value;
}

/** Keys that an agent may print, whoever's they are: those of GitHub, as `broker/redact` knows them, and of Claude. */
const KEYS = /(?:gh[oprsu]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}|sk-ant-[A-Za-z0-9_-]{20,})/g;

/** Removes what has the form of a key, and every given secret as `createSecretScrubber` does; for all on its way out. */
export function createScrubber(secrets: readonly (Secret | undefined)[]): (text: string) => string {
  const scrub = createSecretScrubber(secrets);
  return (text) => scrub(text).replace(KEYS, HIDDEN);
}

/**
 * A function that removes every given secret from a text, each line of it, also as it stands in an address, in JSON or in
 * base64. Secrets under six characters stay: they would be cut out of ordinary words.
 */
export function createSecretScrubber(secrets: readonly (Secret | undefined)[]): (text: string) => string {
  const values = secrets.flatMap((secret) => secret?.reveal().split(/\r?\n/) ?? []);
  const forms = values.flatMap((value) => (value.length < SHORTEST ? [] : formsOf(value)));
  // Longest first: what is left of a secret that begins with another would still be told.
  const needles = [...new Set(forms)].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length);
  if (needles.length === 0) return (text) => text;
  const anyOf = new RegExp(needles.map(escapePattern).join("|"), "g");
  return (text) => text.replace(anyOf, HIDDEN);
}

const SHORTEST = 6;

/** As it is, in an address, as a field of a form, in a JSON text, also in one inside another, and in base64. */
function formsOf(value: string): string[] {
  const inAddress = encodeURIComponent(value);
  const plain = [value, inAddress, inAddress.replace(/%../g, (code) => code.toLowerCase()), inForm(value)];
  const inTexts = [1, 2, 3].map((depth) => inJson(value, depth));
  const encoded = [0, 1, 2].map((before) => base64Within(value, before));
  return [...plain, ...inTexts, ...encoded, ...encoded.map(urlSafe)];
}

/** In a JSON text that stands in another, and so on. */
function inJson(value: string, depth: number): string {
  const text = JSON.stringify(value).slice(1, -1);
  return depth === 1 ? text : inJson(text, depth - 1);
}

function inForm(value: string): string {
  return new URLSearchParams([["", value]]).toString().slice(1);
}

/** The characters that the value alone decides, where `before` bytes and more stand before it: `name:value` is encoded whole. */
function base64Within(value: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3));
  return whole.toString("base64").slice(before === 0 ? 0 : before + 1);
}

function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
