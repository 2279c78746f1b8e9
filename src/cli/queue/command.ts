/** `queue list`, `queue show ID`, `queue retry ID`, `queue drop ID`: what the bot has put aside. */
import { readCommonConfig } from "../../core/config.ts";
import { EXIT } from "../../core/errors.ts";
import { loadEnvironment } from "../../core/secrets.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";
import { lineOf, pageOf } from "./describe.ts";
import { dropLetter } from "./drop.ts";
import { findLetter, queueDirOf, readLetters } from "./letters.ts";
import type { Letter } from "./letters.ts";
import { putBack } from "./put-back.ts";

const USAGE = "usage: queue list | queue show ID | queue retry ID | queue drop ID";

type Action = (queueDir: string, letter: Letter) => Promise<string>;

const ACTIONS: Readonly<Record<string, Action>> = {
  show: (_, letter) => pageOf(letter),
  retry: async (queueDir, letter) => `${letter.id} is back: queue/${await putBack(queueDir, letter)}\n`,
  drop: async (queueDir, letter) => {
    const name = await dropLetter(queueDir, letter);
    return `${letter.id} is out of the way: queue/dropped/${onOneLine(name)}\n`;
  },
};

export async function run(words: readonly string[]): Promise<number> {
  const queueDir = queueDirOf(readCommonConfig(loadEnvironment()).dir);
  const [name = "", id, ...rest] = words;
  if (name === "list" && id === undefined) return await list(queueDir);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined || id === undefined || id === "" || rest.length > 0) throw new CliError("usage", USAGE);
  process.stdout.write(await action(queueDir, findLetter(await readLetters(queueDir), id)));
  return EXIT.ok;
}

async function list(queueDir: string): Promise<number> {
  const letters = await readLetters(queueDir);
  for (const letter of letters) process.stdout.write(`${await lineOf(letter)}\n`);
  if (letters.length === 0) process.stderr.write(`Nothing is put aside in ${queueDir}.\n`);
  return EXIT.ok;
}
