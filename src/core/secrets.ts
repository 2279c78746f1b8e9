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

const HIDDEN = "[secret]";

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

/**
 * A function that removes every given secret from a text, each line of it, also as it stands in an address or in JSON;
 * for lines on their way out. Secrets under six characters stay: they would be cut out of ordinary words.
 */
export function createScrubber(secrets: readonly (Secret | undefined)[]): (text: string) => string {
  const values = secrets.flatMap((secret) => secret?.reveal().split(/\r?\n/) ?? []);
  const forms = values.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  // Longest first: what is left of a secret that begins with another would still be told.
  const needles = [...new Set(forms)].filter((form) => form.length >= 6).sort((a, b) => b.length - a.length);
  if (needles.length === 0) return (text) => text;
  return (text) => needles.reduce((rest, needle) => rest.replaceAll(needle, HIDDEN), text);
}
