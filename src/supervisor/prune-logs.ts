import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** The file being written, and the one before it. */
const KEEP = 2;

/** Deletes all but the newest files of each source below `dir`; answers what was deleted. Rejects with the system's error. */
export async function pruneLogs(dir: string): Promise<string[]> {
  const removed: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removed.push(...(await pruneSource(join(dir, entry.name), entry.name)));
  }
  return removed;
}

async function pruneSource(folder: string, source: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.startsWith(`${source}.`));
  const dated = await Promise.all(files.map(({ name }) => age(join(folder, name))));
  const old = dated.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(KEEP);
  for (const { path } of old) await rm(path, { force: true });
  return old.map(({ path }) => path);
}

async function age(path: string): Promise<{ readonly path: string; readonly mtimeMs: number }> {
  return { path, mtimeMs: (await stat(path)).mtimeMs };
}
