import { randomUUID } from "node:crypto";
import { chown, lstat, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory, writeAll } from "../../core/atomic-file.ts";
import { errorCode } from "../../core/errors.ts";

/**
 * Puts a file of the operator's in place, whole and durable, readable by its owner alone. As root the owner of what was
 * there stays, else that of the folder.
 */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const target = await targetOf(path);
  const owner = await ownerOf(target);
  const aside = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(aside, "wx", 0o600);
    try {
      await writeAll(handle, Buffer.from(text));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (process.getuid?.() === 0) await chown(aside, owner.uid, owner.gid);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** What a symbolic link leads to is replaced, and not the link. */
async function targetOf(path: string): Promise<string> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await realpath(path) : path;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return path;
    throw error;
  }
}

async function ownerOf(path: string): Promise<{ readonly uid: number; readonly gid: number }> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return stat(dirname(path));
    throw error;
  }
}
