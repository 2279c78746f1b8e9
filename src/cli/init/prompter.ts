import { password, select, text } from "@clack/prompts";
import { CliError } from "../errors.ts";

export interface TextQuestion {
  readonly message: string;
  readonly initial?: string | undefined;
  /** Shown while nothing is typed. */
  readonly hint?: string | undefined;
  /** Why an answer will not do; undefined: it will. */
  readonly check: (answer: string) => string | undefined;
}

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

/** Somebody at a terminal. Each question rejects with `init_failed` when it is broken off. */
export interface Prompter {
  text(question: TextQuestion): Promise<string>;
  /** The answer does not show. */
  secret(question: Omit<TextQuestion, "initial" | "hint">): Promise<string>;
  choose<T extends string>(message: string, options: readonly Option<T>[]): Promise<T>;
}

export function terminalPrompter(signal: AbortSignal): Prompter {
  const shown = { signal, withGuide: false };
  return {
    async text({ message, initial = "", hint = "", check }) {
      const answer = await text({
        ...shown,
        message,
        initialValue: initial,
        placeholder: hint,
        validate: (value) => check((value ?? "").trim()),
      });
      return answered(answer).trim();
    },
    async secret({ message, check }) {
      const validate = (value: string | undefined): string | undefined => check((value ?? "").trim());
      return answered(await password({ ...shown, message, mask: "", clearOnError: true, validate })).trim();
    },
    async choose(message, options) {
      const plain = options.map(({ value, label }) => ({ value: value as string, label }));
      return answered(await select({ ...shown, message, options: plain })) as (typeof options)[number]["value"];
    },
  };
}

export function brokenOff(): CliError {
  return new CliError("init_failed", "Broken off: nothing was written.");
}

function answered(answer: string | symbol): string {
  if (typeof answer === "symbol") throw brokenOff();
  return answer;
}
