export interface Command {
  readonly command: string;
  readonly description: string;
}

/** The bot's commands, a list for each scope and language. */
export class CommandLists {
  readonly #lists = new Map<string, readonly Command[]>();

  get(scope: object | undefined, language: string | undefined): readonly Command[] {
    return this.#lists.get(key(scope, language)) ?? [];
  }

  set(scope: object | undefined, language: string | undefined, commands: readonly Command[]): void {
    this.#lists.set(key(scope, language), commands);
  }
}

function key(scope: object = { type: "default" }, language = ""): string {
  const fields = Object.entries(scope).sort(([a], [b]) => a.localeCompare(b));
  return `${language}:${JSON.stringify(fields)}`;
}
