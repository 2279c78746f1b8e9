import type { FileHandle } from "node:fs/promises";
import { extname } from "node:path";
import { NEWLINE } from "../../core/jsonl-files.ts";
import type { ArchiveWriter, Pieces } from "./archive-writer.ts";
import type { Entry, Folder } from "./folder.ts";

/** What a copy adds to, and where it tells what it could not take. */
export interface Copying {
  readonly archive: ArchiveWriter;
  /** Paths that were left out, and why. */
  readonly leftOut: Map<string, string>;
}

/** Files that are only ever appended to; their last line may be half there. */
const GROWING = new Set([".jsonl", ".log"]);
const CHUNK_BYTES = 64 * 1024;

/** Lists of a folder whose files are rolled meanwhile are not looked at more often. */
const MAX_LISTS = 5;

/** Archives a folder and all below it that `wanted` lets through, by its path below the folder. */
export async function* copyFolder(
  copying: Copying,
  folder: Folder,
  path: string,
  wanted: (below: string) => boolean = () => true,
  below = "",
): Pieces {
  yield* copying.archive.directory(path, folder.mode);
  const list = async (): Promise<Entry[]> => (await folder.entries()).filter(({ name }) => wanted(`${below}${name}`));
  const entries = await list();
  for (const entry of entries.filter((found) => !isGrowing(found))) {
    if (entry.kind === "folder") yield* copyChild(copying, folder, path, entry.name, wanted, below);
    else yield* copyEntry(copying, folder, path, entry);
  }
  // Last, so that it tells of all that the rest knows of.
  yield* copyGrowing(copying, folder, path, list);
}

async function* copyChild(
  copying: Copying,
  folder: Folder,
  path: string,
  name: string,
  wanted: (below: string) => boolean,
  below: string,
): Pieces {
  const child = await folder.folder(name);
  if (child === undefined) return;
  try {
    yield* copyFolder(copying, child, `${path}/${name}`, wanted, `${below}${name}/`);
  } finally {
    await child.close();
  }
}

/**
 * A file that is full gets another name, and a new one its own. So the folder is listed again until each name was
 * copied as the file it is now; of two copies of a path the later one counts.
 */
async function* copyGrowing(copying: Copying, folder: Folder, path: string, list: () => Promise<Entry[]>): Pieces {
  const copied = new Map<string, number>();
  for (let lists = 1; lists <= MAX_LISTS; lists += 1) {
    const fresh = (await list()).filter((entry) => isGrowing(entry) && copied.get(entry.name) !== entry.inode);
    if (fresh.length === 0) return;
    for (const entry of fresh) {
      const inode = yield* copyEntry(copying, folder, path, entry);
      if (inode !== undefined) copied.set(entry.name, inode);
    }
  }
}

/**
 * Archives a file as it is at this moment, one that grows up to its last whole line; another kind is left out. Answers
 * its inode, undefined when it is gone.
 */
export async function* copyEntry(
  { archive, leftOut }: Copying,
  folder: Folder,
  path: string,
  entry: Entry,
): AsyncGenerator<Buffer, number | undefined, undefined> {
  const place = `${path}/${entry.name}`;
  if (entry.kind !== "file") {
    leftOut.set(place, entry.unfit ?? entry.kind);
    return entry.inode;
  }
  const handle = await folder.file(entry.name);
  if (handle === undefined) return undefined;
  try {
    const { size, mode, mtimeMs, ino } = await handle.stat();
    const length = isGrowing(entry) ? await endOfLines(handle, size) : size;
    yield* archive.file(place, { handle, size: length, mode: mode & 0o777, mtimeMs });
    return ino;
  } finally {
    await handle.close();
  }
}

function isGrowing({ kind, name }: Entry): boolean {
  return kind === "file" && GROWING.has(extname(name));
}

/** How many of the first `size` bytes are whole lines. */
export async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
