import { lstat, mkdir, readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "../atomic-file.ts";
import { errorCode } from "../errors.ts";
import { moveAside } from "./aside.ts";
import { QueueError, queueFault } from "./errors.ts";
import { parseFileName } from "./file-name.ts";
import { unfitKind } from "./read-file.ts";

/** The folders of a queue directory. */
export interface QueueLayout {
  readonly root: string;
  readonly incoming: string;
  readonly processing: string;
  readonly outgoing: string;
  readonly deadLetter: string;
  readonly corrupt: string;
  /** Where an operator has dead letters and corrupt files put away; there when there are any. */
  readonly dropped: string;
  readonly tmp: string;
  /** What became of incoming messages. */
  readonly ledger: string;
  /** What became of outgoing messages. */
  readonly sent: string;
}

export function queueLayout(root: string): QueueLayout {
  return {
    root,
    incoming: join(root, "incoming"),
    processing: join(root, "processing"),
    outgoing: join(root, "outgoing"),
    deadLetter: join(root, "dead-letter"),
    corrupt: join(root, "corrupt"),
    dropped: join(root, "dropped"),
    tmp: join(root, "tmp"),
    ledger: join(root, "ledger.jsonl"),
    sent: join(root, "sent.jsonl"),
  };
}

/** The folders that hold message files. */
export function foldersOf(layout: QueueLayout): string[] {
  return [layout.incoming, layout.processing, layout.outgoing, layout.deadLetter, layout.corrupt, layout.tmp];
}

/**
 * Makes the folders, durably: a folder that a power failure forgets takes all that was synced in it along. Rejects with
 * `queue_layout_invalid` when they cannot be made, or lie on different file systems: a file can be linked and renamed
 * within one only.
 */
export async function prepareLayout(layout: QueueLayout): Promise<void> {
  const folders = foldersOf(layout);
  const devices = new Map<number, string>();
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o750 });
      devices.set((await stat(folder)).dev, folder);
    } catch (error) {
      throw queueFault("queue_layout_invalid", `Making ${folder} failed; check its owner and the disk.`, error, {
        folder,
      });
    }
  }
  if (devices.size > 1) {
    const places = [...devices.values()].join(" and ");
    throw new QueueError(
      "queue_layout_invalid",
      `${places} lie on different file systems; mount ${layout.root} as one.`,
    );
  }
  await syncDirectory(layout.root);
  await syncDirectory(dirname(layout.root));
  for (const ledger of [layout.ledger, layout.sent]) await putLedgerAside(ledger, layout.corrupt);
}

/** Something that is no file stands where a ledger belongs: the queue begins a new one. */
async function putLedgerAside(path: string, dir: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  const reason = found === undefined ? undefined : unfitKind(found);
  if (found === undefined || reason === undefined) return;
  const name = basename(path);
  await moveAside({ path, name, dir, why: { reason, name, timestamp: Math.round(found.ctimeMs) } });
}

/** A file that another program writes in `tmp/` before it renames it is left alone for this long, ms. */
const FOREIGN_TMP_MS = 3_600_000;

/**
 * Deletes what earlier runs left in `tmp/`: our files numbered up to `base`, which no producer alive has written, and
 * other programs' after an hour. Neither was ever acknowledged.
 */
export async function sweepTmp(layout: QueueLayout, base: number, now: number): Promise<void> {
  for (const name of await readdir(layout.tmp)) {
    const path = join(layout.tmp, name);
    const parsed = parseFileName(name);
    const stale = parsed === undefined ? await isOlder(path, now - FOREIGN_TMP_MS) : parsed.seq <= base;
    if (stale) await unlink(path).catch(() => undefined);
  }
}

async function isOlder(path: string, limit: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && found.mtimeMs < limit;
}

/** Names in a folder; none when it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Keys of the messages that lie in the folders, each with the highest number it bears there. */
export async function keysIn(...folders: readonly string[]): Promise<Map<string, number>> {
  const keys = new Map<string, number>();
  for (const name of (await Promise.all(folders.map(namesIn))).flat()) {
    const file = parseFileName(name);
    if (file !== undefined) keys.set(file.key, Math.max(file.seq, keys.get(file.key) ?? 0));
  }
  return keys;
}

/** Whether the message that was buried under that number still lies there, or where an operator put it away. */
export async function isAside({ deadLetter, dropped }: QueueLayout, key: string, seq: number): Promise<boolean> {
  const names = (await Promise.all([deadLetter, dropped].map(namesIn))).flat();
  return names.some((name) => {
    // Where its name was taken it has another number behind the key.
    const file = parseFileName(name) ?? parseFileName(name.replace(/\.\d+\.json$/, ".json"));
    return file?.key === key && file.seq === seq;
  });
}
