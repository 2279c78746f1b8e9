/** Data directories, sessions and archives for the tests of backup and restore. */
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { Header } from "tar";
import { ArchiveWriter } from "../../../src/cli/backup/archive-writer.ts";
import { createBackup } from "../../../src/cli/backup/create.ts";
import { restore } from "../../../src/cli/backup/restore.ts";

export async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Every file below a directory with its content, but for what restores put aside. */
export async function filesIn(dir: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.name.startsWith(".before-restore-")) continue;
    if (entry.isDirectory()) Object.assign(found, await filesIn(dir, path));
    else if (entry.isFile()) found[path] = await readFile(join(dir, path), "utf8");
    else found[path] = "(no file)";
  }
  return found;
}

export async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

/** What `<home>/.claude` is to a backup of the agents' own home. */
export function ownClaude(home: string): { path: string; isOwn: true } {
  return { path: join(home, ".claude"), isOwn: true };
}

export async function backUp(dataDir: string, claude = ownClaude(join(dataDir, "..", "home"))): Promise<Buffer> {
  const pieces = createBackup({ dataDir, claude }, new ArchiveWriter(), new Map(), "1.2.3");
  const zip = createGzip({ level: 1 });
  const [archive] = await Promise.all([buffer(zip), pipeline(Readable.from(pieces, { objectMode: false }), zip)]);
  return archive;
}

export async function restoreTo(archive: Buffer, dataDir: string, claude = ownClaude(join(dataDir, "..", "home"))) {
  return await restore(Readable.from([archive], { objectMode: false }), { dataDir, claude });
}

/** A tar with any entries, gzipped: what an attacker could hand in. */
export function forge(entries: readonly { path: string; type?: string; text?: string; linkpath?: string }[]): Buffer {
  const blocks = entries.flatMap(({ path, type = "File", text = "", linkpath }) => {
    const bytes = Buffer.from(text);
    const fields = { path, mode: 0o640, size: bytes.length, mtime: new Date(0) };
    const header = new Header(linkpath === undefined ? fields : { ...fields, linkpath });
    header.type = type as "File";
    const block = Buffer.alloc(512);
    header.encode(block);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
