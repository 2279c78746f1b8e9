import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Header, Pax } from "tar";
import { CliError } from "../errors.ts";
import { HEADER, MANIFEST } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

/** Pieces of a tar, to be gzipped. */
export type Pieces = AsyncGenerator<Buffer, void, undefined>;

/** What is to be archived of an open file: its first `size` bytes, whatever is appended meanwhile. */
export interface Content {
  readonly handle: FileHandle;
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
}

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 256 * 1024;
/** A file up to this size is read before its header is written, so that it may shrink meanwhile. */
const AT_ONCE_BYTES = 8 * 1024 * 1024;
const FILE_MODE = 0o640;

/** Makes the entries of an archive one after another, and the manifest of them all at its end. */
export class ArchiveWriter {
  readonly #files: Manifest["files"] = Object.create(null) as Manifest["files"];
  readonly #directories: Manifest["directories"] = Object.create(null) as Manifest["directories"];
  #bytes = 0;

  /** Files archived, and their bytes. */
  get totals(): { readonly files: number; readonly bytes: number } {
    return { files: Object.keys(this.#files).length, bytes: this.#bytes };
  }

  *begin(version: string, createdAt: number): Generator<Buffer> {
    yield* wholeFile(HEADER, Buffer.from(`${JSON.stringify({ format: 1, version, createdAt })}\n`), FILE_MODE);
  }

  *directory(path: string, mode: number): Generator<Buffer> {
    this.#directories[path] = { mode };
    yield* headOf({ path: `${path}/`, type: "Directory", mode, size: 0, mtimeMs: 0 });
  }

  *bytes(path: string, bytes: Buffer, mode: number): Generator<Buffer> {
    this.#note(path, mode, bytes.length, createHash("sha256").update(bytes).digest("hex"));
    yield* wholeFile(path, bytes, mode);
  }

  /** Throws `backup_failed` when a large file has become shorter than it was when it was opened. */
  async *file(path: string, content: Content): Pieces {
    const { handle, size, mode, mtimeMs } = content;
    if (size <= AT_ONCE_BYTES) {
      yield* this.bytes(path, await readUpTo(handle, size), mode);
      return;
    }
    const hash = createHash("sha256");
    yield* headOf({ path, type: "File", mode, size, mtimeMs });
    for (let at = 0; at < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) {
        throw new CliError("backup_failed", `${path} was cut while it was copied: run the backup again.`);
      }
      at += bytesRead;
      hash.update(chunk.subarray(0, bytesRead));
      yield chunk.subarray(0, bytesRead);
    }
    yield padding(size);
    this.#note(path, mode, size, hash.digest("hex"));
  }

  *end(): Generator<Buffer> {
    const manifest: Manifest = { files: this.#files, directories: this.#directories };
    yield* wholeFile(MANIFEST, Buffer.from(`${JSON.stringify(manifest)}\n`), FILE_MODE);
    yield Buffer.alloc(2 * BLOCK_BYTES);
  }

  #note(path: string, mode: number, bytes: number, sha256: string): void {
    this.#files[path] = { bytes, mode, sha256 };
    this.#bytes += bytes;
  }
}

function* wholeFile(path: string, bytes: Buffer, mode: number): Generator<Buffer> {
  yield* headOf({ path, type: "File", mode, size: bytes.length, mtimeMs: Date.now() });
  yield bytes;
  yield padding(bytes.length);
}

interface Head {
  readonly path: string;
  readonly type: "File" | "Directory";
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A header block, and before it another for what does not fit: a long or foreign path, an enormous size. */
function* headOf({ path, type, mode, size, mtimeMs }: Head): Generator<Buffer> {
  const fields = { path, type, mode, size, mtime: new Date(Math.trunc(mtimeMs / 1000) * 1000), uid: 0, gid: 0 };
  const header = new Header(fields);
  const block = Buffer.alloc(BLOCK_BYTES);
  if (header.encode(block)) yield new Pax({ path, size }).encode();
  yield block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** Fewer bytes when the file has become shorter. */
export async function readUpTo(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(buffer, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
