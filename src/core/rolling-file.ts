import { mkdir, open, readdir, rename, rm, symlink } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import roll, { type RollingFile } from "pino-roll";

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
 * hence ours.
 */
export async function openRollingFile(options: RollingFileOptions): Promise<RollingFile> {
  const { dir, source, keep } = options;
  const folder = join(dir, source);
  await mkdir(folder, { recursive: true });
  const file = await roll({
    file: join(folder, source),
    size: options.size,
    frequency: "daily",
    dateFormat: "yyyy-MM-dd",
    sync: true,
    maxLength: options.bufferBytes,
    limit: { count: keep, removeOtherLogFiles: true },
  });
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => undefined);
  if (file.file === null) {
    // Ends its timer: nobody will use it.
    file.emit("close");
    return failed;
  }
  // One after the other: the next roll may come while a link is made.
  let linked = Promise.resolve();
  let target = "";
  const relink = (): void => {
    if (file.file === null || file.file === target) return;
    const next = file.file;
    target = next;
    linked = linked.then(() => pointAt(dir, source, next)).catch(() => undefined);
  };
  file.on("ready", relink);
  file.on("error", (error: NodeJS.ErrnoException) => {
    if (error.syscall !== "open") return;
    // The next roll would close the old file twice, the second time under a number that may be another file's.
    file.removeAllListeners("ready");
    file.on("ready", relink);
  });
  relink();
  await linked;
  await removeOldest(folder, source, keep);
  if (await endsWithin(target)) file.write("\n");
  return file;
}

/** Whether the file ends in the middle of a line, as a full disk leaves it: the next one must not be added to that. */
async function endsWithin(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer.toString() !== "\n";
  } finally {
    await handle.close();
  }
}

/** Moves `<dir>/<source>.log` to the file in one step, so that a reader never finds it missing. */
async function pointAt(dir: string, source: string, file: string): Promise<void> {
  const link = join(dir, `${source}.log`);
  const fresh = join(dir, `.${source}.${basename(file)}.link`);
  await rm(fresh, { force: true });
  await symlink(relative(dir, file), fresh);
  await rename(fresh, link);
}

/** pino-roll does this when it rolls, to which a bot that is started anew each day never comes. */
async function removeOldest(folder: string, source: string, keep: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${source}.`));
  const byAge = names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  for (const name of byAge.slice(0, -keep)) await rm(join(folder, name), { force: true });
}
