import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { errorCode } from "../../core/errors.ts";
import { unfitKind } from "../../core/queue/read-file.ts";

export type Head =
  | { readonly status: "read"; readonly text: string; readonly cut: number; readonly found: Stats }
  /** It is there, and is not to be read: `kind` says what it is. */
  | { readonly status: "unfit"; readonly kind: string; readonly found: Stats }
  | { readonly status: "gone" };

/** Follows no link, waits for no other end, and lets no device act. */
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The first bytes of a regular file, of which nothing else is taken for granted. Never rejects. */
export async function readHead(path: string, maxBytes: number): Promise<Head> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return { status: "gone" };
  // Before it is opened: opening a fifo lets a waiting writer go on.
  const kind = unfitKind(found);
  if (kind !== undefined) return { status: "unfit", kind, found };
  try {
    return await readOpened(path, maxBytes);
  } catch (error) {
    const code = errorCode(error) ?? "unknown";
    return code === "ENOENT" ? { status: "gone" } : { status: "unfit", kind: `cannot be read: ${code}`, found };
  }
}

async function readOpened(path: string, maxBytes: number): Promise<Head> {
  const handle = await open(path, SAFE_READ);
  try {
    const found = await handle.stat();
    const kind = unfitKind(found);
    if (kind !== undefined) return { status: "unfit", kind, found };
    const bytes = Buffer.allocUnsafe(Math.min(found.size, maxBytes));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const cut = Math.max(0, found.size - filled);
    // A character that was cut in two is left out.
    const text = new TextDecoder().decode(bytes.subarray(0, filled), { stream: cut > 0 });
    return { status: "read", text, cut, found };
  } finally {
    await handle.close();
  }
}
