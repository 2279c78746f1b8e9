import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "../../core/errors.ts";
import { namesIn } from "../../core/queue/layout.ts";
import { pathIn, stays, whyName } from "./letters.ts";
import type { Letter } from "./letters.ts";

/**
 * Moves a letter and its `.why` to `queue/dropped/` and answers its name there. Nothing is deleted that nobody has
 * looked at, and a move always works: for a directory, on a full disk, with a name that nobody can type.
 */
export async function dropLetter(queueDir: string, letter: Letter): Promise<string> {
  const dir = join(queueDir, "dropped");
  try {
    await mkdir(dir, { recursive: true, mode: 0o750 });
    const isTaken = (await namesIn(dir)).includes(letter.name);
    const rawName = isTaken ? Buffer.from(`${letter.id}.${Date.now()}`) : letter.rawName;
    await rename(pathIn(letter.dir, letter.rawName), pathIn(dir, rawName));
    // One that has none loses nothing.
    await rename(pathIn(letter.dir, whyName(letter)), pathIn(dir, whyName({ rawName }))).catch(() => undefined);
    return rawName.toString("utf8");
  } catch (error) {
    throw stays(letter, describeError(error), error);
  }
}
