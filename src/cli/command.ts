import { CliError } from "./errors.ts";

/** What a command has of the process it runs in. */
export interface Context {
  /**
   * Aborts at SIGINT or SIGTERM, from the first call on: a command that never calls it is ended by them as any program
   * is.
   */
  interrupted(): AbortSignal;
}

export interface Command {
  /** Takes the words behind the command; resolves with the exit status. Throws CliError or ConfigError. */
  run(words: readonly string[], context: Context): Promise<number>;
}

/** For a command that takes no words, or these alone. Throws `usage`. */
export function allowOnly(command: string, words: readonly string[], known: readonly string[]): void {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown === undefined) return;
  const takes = known.length === 0 ? "nothing" : `${known.join(", ")} alone`;
  throw new CliError("usage", `${command} does not know ${unknown}: it takes ${takes}.`);
}
