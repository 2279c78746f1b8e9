import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "../../core/zod.ts";
import { errorCode } from "../../core/errors.ts";
import { parseDropped } from "../../core/queue/envelope.ts";
import { keyOf, parseFileName } from "../../core/queue/file-name.ts";
import type { FileName } from "../../core/queue/file-name.ts";
import { queueLayout } from "../../core/queue/layout.ts";
import { readQueueFile, unfitKind } from "../../core/queue/read-file.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";

/** What was put aside and why, as `<name>.why` says. */
const whySchema = z.looseObject({
  reason: z.string().optional(),
  timestamp: z.number().optional(),
  failures: z.number().optional(),
  crashes: z.number().optional(),
});
type Why = z.infer<typeof whySchema>;

/** Whatever lies in `dead-letter/` or `corrupt/`: a message, a torn file, a directory. */
export interface Letter {
  /** Short, and the same as long as it lies there: the name may hold what nobody can type. */
  readonly id: string;
  readonly folder: "dead-letter" | "corrupt";
  readonly dir: string;
  /** Names are bytes, and need not be text. */
  readonly rawName: Buffer;
  readonly name: string;
  /** Undefined for a name that is none of ours. */
  readonly own: FileName | undefined;
  readonly why: Why;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** What it is when it is no regular file. */
  readonly unfit: string | undefined;
}

const WHY = Buffer.from(".why");
const MAX_WHY_BYTES = 64 * 1024;

/** Path of an entry whose name need not be text. */
export function pathIn(dir: string, rawName: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${dir}/`), rawName]);
}

/** The name of the `.why` beside it. */
export function whyName({ rawName }: Pick<Letter, "rawName">): Buffer {
  return Buffer.concat([rawName, WHY]);
}

/** All of them, oldest first. A queue that does not exist has none. */
export async function readLetters(queueDir: string): Promise<Letter[]> {
  const { deadLetter, corrupt } = queueLayout(queueDir);
  const found = [...(await lettersIn("dead-letter", deadLetter)), ...(await lettersIn("corrupt", corrupt))];
  return found.sort((a, b) => timeOf(a) - timeOf(b));
}

/** When it was put aside, epoch ms. */
export function timeOf({ why, modifiedMs }: Letter): number {
  return why.timestamp ?? modifiedMs;
}

/** The one that is meant by its id, its name, or the messageId in its name. Throws `letter_unknown`. */
export function findLetter(letters: readonly Letter[], wanted: string): Letter {
  const exact = letters.filter(({ id, name }) => id === wanted || name === wanted);
  const found = exact.length > 0 ? exact : letters.filter(({ own }) => own?.key === keyOf(wanted));
  const [letter, second] = found;
  if (letter === undefined) {
    throw new CliError(
      "letter_unknown",
      `Nothing put aside is ${onOneLine(wanted)}: queue list shows the ids there are.`,
    );
  }
  if (second === undefined) return letter;
  const ids = found.map(({ id }) => id).join(", ");
  throw new CliError(
    "letter_unknown",
    `${onOneLine(wanted)} names ${found.length} of them: give one of the ids ${ids}.`,
  );
}

async function lettersIn(folder: Letter["folder"], dir: string): Promise<Letter[]> {
  const names = await rawNames(dir);
  const letters = await Promise.all(
    names.filter((name) => !name.subarray(-WHY.length).equals(WHY)).map((rawName) => readLetter(folder, dir, rawName)),
  );
  return letters.filter((letter) => letter !== undefined);
}

async function rawNames(dir: string): Promise<Buffer[]> {
  try {
    return await readdir(dir, { encoding: "buffer" });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Undefined when it is gone meanwhile. */
async function readLetter(folder: Letter["folder"], dir: string, rawName: Buffer): Promise<Letter | undefined> {
  const found = await lstat(pathIn(dir, rawName)).catch(() => undefined);
  if (found === undefined) return undefined;
  const name = rawName.toString("utf8");
  return {
    id: createHash("sha256").update(`${folder}/`).update(rawName).digest("hex").slice(0, 8),
    folder,
    dir,
    rawName,
    name,
    // The second of a name has a number before its end.
    own: parseFileName(name) ?? parseFileName(name.replace(/\.\d+\.json$/, ".json")),
    why: await readWhy(pathIn(dir, whyName({ rawName }))),
    bytes: found.size,
    modifiedMs: found.mtimeMs,
    unfit: unfitKind(found),
  };
}

async function readWhy(path: Buffer): Promise<Why> {
  const file = await readQueueFile(path);
  if (file.status !== "read" || file.bytes.length > MAX_WHY_BYTES) return {};
  const parsed = parseDropped(file.bytes);
  return (parsed.status === "ok" ? whySchema.safeParse(parsed.value).data : undefined) ?? {};
}

/** The queue's folder of a data directory. */
export function queueDirOf(dataDir: string): string {
  return join(dataDir, "queue");
}

/** Why a letter was not moved; it lies where it was. */
export function stays({ id, folder, name }: Letter, reason: string, cause?: unknown): CliError {
  const message = `${id} stays in queue/${folder} (${onOneLine(name)}): ${onOneLine(reason)}.`;
  return new CliError("letter_stays", message, { cause });
}
