import { type Dirent, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, open, readlink } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type * as PinoRoll from "pino-roll";
import type { RollingFile } from "pino-roll";
import { errorCode } from "./errors.ts";
import { requireOnDemand, type OnDemand } from "./on-demand.ts";

/** Of date-fns' three hundred files pino-roll uses five functions. */
const dates: OnDemand = {
  path: (require) => require.resolve("date-fns"),
  member: (require, name) => (require(`date-fns/${name}`) as Record<string, unknown>)[name],
};

export type { RollingFile };

const roll = requireOnDemand("pino-roll", dates) as typeof PinoRoll.default;

export interface RollingFileOptions {
  /** Folder of the logs. */
  readonly dir: string;
  readonly source: string;
  /** At which a file is full, as pino-roll writes it: `32m`. */
  readonly size: string;
  /** Files of the source that stay, the one being written among them, whichever run wrote them. */
  readonly keep: number;
  /** What cannot be written is held back up to this. */
  readonly bufferBytes: number;
}

/**
 * Opens the file of a source that is to be written now: `<dir>/<source>.log` is a link to it in `<dir>/<source>/`, now and
 * after each roll. pino-roll numbers by what lies in the folder, hence a folder a source. It looks at the files of today
 * alone, hence the day in their names: of all others it would go on in the oldest. Its own link is always `current.log`,
 * hence ours. And its own removal of what is old knows names alone, so that with a clock that is behind it would delete
 * the file being written: hence ours too.
 */
export async function openRollingFile(options: RollingFileOptions): Promise<RollingFile> {
  const { dir, source } = options;
  const folder = join(dir, source);
  await mkdir(folder, { recursive: true });
  const file = await roll({
    file: join(folder, source),
    size: options.size,
    frequency: "daily",
    dateFormat: "yyyy-MM-dd",
    sync: true,
    maxLength: options.bufferBytes,
  });
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => undefined);
  if (file.file === null) {
    // Ends its timer: nobody will use it.
    file.emit("close");
    return failed;
  }
  try {
    await attend(file, file.file, options);
    return file;
  } catch (error) {
    // Who tries again opens another one.
    file.end();
    throw error;
  }
}

/**
 * Keeps the link and the number of files right, from now on. At once, for what were put off might come when a later file,
 * or a later writer's, is there.
 */
async function attend(file: RollingFile, first: string, { dir, source, keep }: RollingFileOptions): Promise<void> {
  let target = first;
  const follow = (): void => {
    if (file.file === null || file.file === target) return;
    target = file.file;
    pointAt(dir, source, target);
    try {
      removeOld(dir, source, keep, target);
    } catch {
      // At the next roll.
    }
  };
  file.on("ready", follow);
  file.on("error", (error: NodeJS.ErrnoException) => {
    if (error.syscall !== "open") return;
    // The next roll would close the old file twice, the second time under a number that may be another file's.
    file.removeAllListeners("ready");
    file.on("ready", follow);
  });
  pointAt(dir, source, first);
  removeOld(dir, source, keep, first);
  if (await endsWithin(first)) file.write("\n");
}

/** Whether the file ends in the middle of a line, as a full disk leaves it: the next one must not be added to that. */
async function endsWithin(path: string): Promise<boolean> {
  const handle = await open(path, "r").catch(unlessMissing);
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer.toString() !== "\n";
  } finally {
    await handle.close();
  }
}

/** Moves `<dir>/<source>.log` to the file in one step, so that a reader never finds it missing; at the next roll, if not now. */
function pointAt(dir: string, source: string, file: string): void {
  const link = join(dir, `${source}.log`);
  const fresh = join(dir, `.${source}.${basename(file)}.link`);
  try {
    rmSync(fresh, { force: true });
    symlinkSync(relative(dir, file), fresh);
    renameSync(fresh, link);
  } catch {
    // The lines matter more than their link.
  }
}

/** pino-roll does this when it rolls, to which a bot that is started anew each day never comes. */
function removeOld(dir: string, source: string, keep: number, active: string): void {
  const folder = join(dir, source);
  for (const name of oldest(readdirSync(folder, { withFileTypes: true }), source, keep, basename(active))) {
    rmSync(join(folder, name), { force: true });
  }
}

/** The name of the file that is being written, by the link to it; undefined where there is none. */
export async function activeName(dir: string, source: string): Promise<string | undefined> {
  const target = await readlink(join(dir, `${source}.log`)).catch(unlessMissing);
  return target === undefined ? undefined : basename(target);
}

/** Not there, or no link, as in earlier versions. */
function unlessMissing(error: unknown): undefined {
  if (!["ENOENT", "EINVAL"].includes(errorCode(error) ?? "")) throw error;
}

/**
 * Names of all but the newest files of a source, by their names, which a clock that was set back does not age. The active
 * one is not among them whatever its name, for that is of a day which may be long before the others'. Pure.
 */
export function oldest(entries: readonly Dirent[], source: string, keep: number, active: string | undefined): string[] {
  const files = entries.filter((entry) => entry.isFile() && entry.name.startsWith(`${source}.`));
  const names = files.map(({ name }) => name).toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }));
  const others = names.filter((name) => name !== active);
  return others.slice(keep - (names.length - others.length));
}
