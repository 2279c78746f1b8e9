/** One variable of `.env`: kept where it is good, asked for where it is missing or wrong. */
import { ConfigError } from "../../core/errors.ts";
import type { Finding } from "../setup/finding.ts";
import type { Run } from "../setup/run.ts";
import type { Draft } from "./draft.ts";
import type { Prompter } from "./prompter.ts";

/** What the steps of init share. */
export interface Setup {
  readonly draft: Draft;
  /** Undefined: there is no terminal, and nobody to ask. */
  readonly prompter: Prompter | undefined;
  /** Everything is asked, not only what is missing or wrong. */
  readonly all: boolean;
  readonly signal: AbortSignal;
  readonly run: Run;
  /** The checkout. */
  readonly directory: string;
  /** A Docker that answers is there. */
  readonly hasDocker: boolean;
  readonly tell: (finding: Finding) => void;
  /** What was told of a value that is asked for again counts no more. */
  readonly withdraw: (findings: readonly Finding[]) => void;
  readonly say: (line: string) => void;
}

export interface Field {
  readonly name: string;
  /** The question at the terminal. */
  readonly message: string;
  readonly hint?: string;
  readonly comment: string;
  readonly required: boolean;
  /** Why a value will not do. */
  readonly check: (value: string) => string | undefined;
  readonly isSecret?: boolean;
  /** Offered where nothing is set. */
  readonly suggestion?: string | undefined;
}

/**
 * The field's value as it will stand in `.env`; undefined: it is optional, and not set. `anew`: what is set was found
 * wrong. Without a terminal throws ConfigError for a required one that is missing, and for any that is wrong.
 */
export async function settle(setup: Setup, field: Field, anew = false): Promise<string | undefined> {
  const { draft, prompter, all, say } = setup;
  const present = field.isSecret === true ? draft.secret(field.name) : draft.get(field.name);
  const fault = faultOf(field, present);
  if (prompter === undefined) {
    if (fault !== undefined) throw new ConfigError(fault, { variable: field.name });
    return keep(setup, field, present ?? field.suggestion);
  }
  const good = fault === undefined && !anew ? present : undefined;
  if (good !== undefined && !all) return keep(setup, field, good);
  if (fault !== undefined) say(fault);
  const answer = await question(prompter, field, good, present ?? field.suggestion);
  return take(setup, field, answer, good);
}

function faultOf({ check }: Field, value: string | undefined): string | undefined {
  return value === undefined ? undefined : check(value);
}

/** An empty answer leaves a secret as it is, and takes anything else away. */
function take({ draft }: Setup, field: Field, answer: string, good: string | undefined): string | undefined {
  if (answer === "" && field.isSecret === true) return good;
  if (answer !== draft.get(field.name)) draft.remove(field.name);
  if (answer === "") return undefined;
  draft.set(field.name, answer, field.comment);
  return answer;
}

/** What the environment brought goes into the file; a path that the file names in the secret's place stays there. */
function keep({ draft }: Setup, field: Field, value: string | undefined): string | undefined {
  if (value === undefined) {
    if (!field.required) return undefined;
    throw new ConfigError(`${field.name} is missing: ${field.message}. Set it, or run this at a terminal.`, {
      variable: field.name,
    });
  }
  if (draft.get(`${field.name}_FILE`) === undefined) draft.set(field.name, value, field.comment);
  return value;
}

/** `kept`: an empty answer leaves this secret as it is. */
function question(
  prompter: Prompter,
  field: Field,
  kept: string | undefined,
  initial: string | undefined,
): Promise<string> {
  const mayBeEmpty = !field.required || (field.isSecret === true && kept !== undefined);
  const check = (answer: string): string | undefined => {
    if (answer === "") return mayBeEmpty ? undefined : "This is needed.";
    return field.check(answer);
  };
  if (field.isSecret !== true) return prompter.text({ message: field.message, initial, hint: field.hint, check });
  const ending = kept === undefined ? " (it will not show)" : " (it will not show; Enter keeps the present one)";
  return prompter.secret({ message: `${field.message}${ending}`, check });
}

/** A check out of a reader of the environment, so that init and the programs can never differ. */
export function byReader(read: (value: string) => unknown): (value: string) => string | undefined {
  return (value) => {
    try {
      read(value);
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };
}
