import { readSecret } from "../../core/secrets.ts";
import { editEnv, readEnv, type EnvLine } from "../setup/env-file.ts";

/**
 * `.env` as it is to be: what stands in it, over that what the environment brings, over that what was answered. What the
 * environment brings is written down as well, for the stack has no other.
 */
export class Draft {
  readonly #text: string;
  readonly #file: Readonly<Record<string, string>>;
  readonly #brought: Readonly<Record<string, string | undefined>>;
  readonly #set = new Map<string, EnvLine>();
  readonly #gone = new Set<string>();

  /** `environment`: of it no more than `.env` may hold. */
  constructor(text: string, environment: Readonly<Record<string, string | undefined>>) {
    this.#text = text;
    this.#file = readEnv(text);
    this.#brought = environment;
  }

  /** Undefined for an empty value too, which counts as none. */
  get(name: string): string | undefined {
    if (this.#gone.has(name)) return undefined;
    return this.#set.get(name)?.value || this.#brought[name] || this.#file[name] || undefined;
  }

  /** The value, from the file that `<name>_FILE` names too. Throws ConfigError when that cannot be read. */
  secret(name: string): string | undefined {
    const file = `${name}_FILE`;
    return readSecret({ [name]: this.get(name), [file]: this.get(file) }, name)?.reveal();
  }

  /** `comment` stands above a variable that is new to the file. */
  set(name: string, value: string, comment: string): void {
    this.#gone.delete(name);
    this.#set.set(name, { name, value, comment });
  }

  /** Takes the variable, and the path in its place, out of the file. */
  remove(name: string): void {
    for (const each of [name, `${name}_FILE`]) {
      this.#gone.add(each);
      this.#set.delete(each);
    }
  }

  /** Everything as a program will read it. */
  all(): Record<string, string> {
    const names = [...Object.keys(this.#file), ...Object.keys(this.#brought), ...this.#set.keys()];
    return Object.fromEntries(
      names.flatMap((name) => (this.get(name) === undefined ? [] : [[name, this.get(name) ?? ""]])),
    );
  }

  /** Names whose value will be another than the file has now. */
  changed(): readonly string[] {
    return [...this.#set.values()].flatMap(({ name, value }) => (this.#file[name] === value ? [] : [name]));
  }

  /** The new text, the old one where nothing changes; undefined where it cannot be changed line by line. */
  text(): string | undefined {
    const lines = [...this.#set.values()].filter(({ name, value }) => this.#file[name] !== value);
    const gone = [...this.#gone].filter((name) => name in this.#file);
    return editEnv(this.#text === "" ? HEAD : this.#text, lines, gone);
  }
}

const HEAD = "# Made by ./tinyclaw.sh init, which keeps your own lines and comments when it runs again.\n";
