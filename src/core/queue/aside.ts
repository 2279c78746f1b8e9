import { lstat, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { linkNew, syncDirectory, writeNewFile } from "../atomic-file.ts";
import { errorCode } from "../errors.ts";

/**
 * Puts files aside with a `<name>.why` beside them, a JSON object. Nothing is overwritten: where the name is taken the
 * file becomes `<name without .json>.2.json`, `.3.json` and so on. The `.why` comes first: making it reserves the name.
 */
export interface Aside {
  /** In bytes where the name is no UTF-8. */
  readonly path: string | Buffer;
  readonly name: string;
  readonly dir: string;
  readonly why: Readonly<Record<string, string | number>>;
}

/** Moves whatever has that name: a directory, a link, a fifo as well. Answers the name it has now. */
export async function moveAside({ path, name, dir, why }: Aside): Promise<string> {
  const taken = await reserve(dir, plainName(name), why, false);
  try {
    await rename(path, join(dir, taken));
  } catch (error) {
    await unlink(join(dir, `${taken}.why`)).catch(() => undefined);
    throw error;
  }
  return taken;
}

/**
 * Gives a regular file a second name in `dir`, durably; the caller removes the first one. When the file is there
 * already, by an earlier call that was cut short, nothing happens.
 */
export async function linkAside({ path, name, dir, why }: Aside & { readonly path: string }): Promise<string> {
  const { ino } = await lstat(path);
  const taken = join(dir, name);
  if ((await inodeOf(taken)) === ino) {
    await syncDirectory(dir);
    return name;
  }
  // A reason without a file is of such a call too: the letter keeps its name, by which the next start knows it.
  if ((await inodeOf(taken)) === undefined) await unlink(`${taken}.why`).catch(() => undefined);
  const reserved = await reserve(dir, name, why, true);
  // The reason first: the letter never lies there without it.
  await syncDirectory(dir);
  await linkNew(path, join(dir, reserved));
  await syncDirectory(dir);
  return reserved;
}

/** Inode of what has that name; undefined when nothing has. */
export async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).ino;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function reserve(dir: string, name: string, why: Aside["why"], durable: boolean): Promise<string> {
  const bytes = Buffer.from(`${JSON.stringify(why)}\n`);
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? name : `${name.replace(/\.json$/, "")}.${n}.json`;
    const whyPath = join(dir, `${candidate}.why`);
    if ((await inodeOf(join(dir, candidate))) !== undefined) continue;
    try {
      await writeNewFile(whyPath, bytes, durable);
      return candidate;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

/** No control characters, and room for the endings within the 255 bytes of a name. */
function plainName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what it removes
  const plain = name.replace(/[\u0000-\u001f\u007f]/g, "_");
  if (Buffer.byteLength(plain) <= 200) return plain;
  const short = Buffer.from(plain)
    .subarray(0, 180)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
  return `${short}.json`;
}
