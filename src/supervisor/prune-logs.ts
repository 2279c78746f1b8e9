import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { activeName, oldest } from "../core/rolling-file.ts";

/** The file being written, and the one before it. */
const KEEP = 2;

/** Deletes all but the newest files of each source below `dir`; answers what was deleted. Rejects with the system's error. */
export async function pruneLogs(dir: string): Promise<string[]> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const removed = await Promise.all(folders.map(({ name }) => pruneSource(dir, name)));
  return removed.flat();
}

async function pruneSource(dir: string, source: string): Promise<string[]> {
  const folder = join(dir, source);
  const entries = await readdir(folder, { withFileTypes: true });
  // Asked after the look, which may have found a file that was opened just now.
  const names = oldest(entries, source, KEEP, await activeName(dir, source));
  const paths = names.map((name) => join(folder, name));
  for (const path of paths) await rm(path, { force: true });
  return paths;
}
