import { setTimeout as pause } from "node:timers/promises";
import { parseFileName } from "../../core/queue/file-name.ts";
import { endedKeys } from "../../core/queue/ledger.ts";
import { CliError } from "../errors.ts";
import { readUpTo } from "./archive-writer.ts";
import type { Pieces } from "./archive-writer.ts";
import { copyEntry, copyFolder, endOfLines } from "./copy-folder.ts";
import type { Copying } from "./copy-folder.ts";
import type { Entry, Folder } from "./folder.ts";

/**
 * Copies a queue that is in use, so that no message is missing from the copy. Files of the queue never change; they
 * move by rename or link, and one that goes for good is in a ledger before. So, in this order:
 *
 *   1. what waits, is in work or was put aside: listed, copied, listed again, until two lists are alike
 *   2. `ledger.jsonl`: whoever is done there has published its answer
 *   3. what waits to be posted, and what was put aside meanwhile
 *   4. `sent.jsonl`: what is done there was posted
 *
 * A message that moved while it was looked for stands in two folders of the copy; `settleQueue` makes it one when the
 * copy is restored. One that was gone before it could be copied must have ended in a ledger, or all is done once more.
 */
export async function* copyQueue(copying: Copying, queue: Folder, path: string): Pieces {
  const copy = new QueueCopy(copying, queue, path);
  for (let round = 1; ; round += 1) {
    yield* copy.folders(["incoming", "processing", "dead-letter", "corrupt"]);
    const ledger = await copy.readLedger("ledger.jsonl");
    yield* copy.folders(["outgoing", "dead-letter", "corrupt"]);
    const sent = await copy.readLedger("sent.jsonl");
    if (copy.isComplete(ledger, sent)) {
      yield* copy.ledgers({ "ledger.jsonl": ledger, "sent.jsonl": sent });
      break;
    }
    if (round === MAX_ROUNDS) {
      throw new CliError("backup_failed", "The queue never held still long enough: run the backup again.");
    }
    await pause(PAUSE_MS);
  }
  yield* copyFolder(copying, queue, path, (below) => !DONE.has(below.split("/")[0] ?? ""));
}

const DONE = new Set([
  "incoming",
  "processing",
  "outgoing",
  "dead-letter",
  "corrupt",
  "ledger.jsonl",
  "sent.jsonl",
  // Never acknowledged, or not ours yet.
  "tmp",
]);
const MAX_ROUNDS = 50;
const PAUSE_MS = 20;
/** Lists that were never alike are as good as they get: under load they never are. */
const MAX_LISTS = 5;
const FILE_MODE = 0o640;

/** By `<folder>/<name>`. */
type Listed = ReadonlyMap<string, { readonly folder: string; readonly entry: Entry }>;

class QueueCopy {
  readonly #copying: Copying;
  readonly #queue: Folder;
  readonly #path: string;
  /** Stamps of what was copied, by `<folder>/<name>`. */
  readonly #copied = new Map<string, string>();
  /** Messages that were copied, as `<ledger they end in> <key>`: a message and its answer have one key. */
  readonly #found = new Set<string>();
  /** Those that were listed, and gone before they could be copied. */
  readonly #vanished = new Set<string>();
  readonly #made = new Set<string>();

  constructor(copying: Copying, queue: Folder, path: string) {
    this.#copying = copying;
    this.#queue = queue;
    this.#path = path;
  }

  async *folders(names: readonly string[]): Pieces {
    let before = await this.#list(names);
    for (let lists = 1; ; lists += 1) {
      for (const { folder, entry } of before.values()) yield* this.#copy(folder, entry);
      const after = await this.#list(names);
      if (lists === MAX_LISTS || isSame(before, after)) return;
      before = after;
    }
  }

  /** Its whole lines. */
  async readLedger(name: string): Promise<Buffer> {
    const handle = await this.#queue.file(name);
    if (handle === undefined) return Buffer.alloc(0);
    try {
      return await readUpTo(handle, await endOfLines(handle, (await handle.stat()).size));
    } finally {
      await handle.close();
    }
  }

  /** Whether each message that was gone before it could be copied was copied elsewhere, or has ended. */
  isComplete(ledger: Buffer, sent: Buffer): boolean {
    const name = (ledgerName: string, lines: Buffer): string[] =>
      [...endedKeys(lines.toString("utf8"))].map((key) => `${ledgerName} ${key}`);
    const ended = new Set([...name("ledger", ledger), ...name("sent", sent)]);
    const isLost = [...this.#vanished].some((message) => !this.#found.has(message) && !ended.has(message));
    this.#vanished.clear();
    return !isLost;
  }

  *ledgers(files: Readonly<Record<string, Buffer>>): Generator<Buffer> {
    for (const [name, bytes] of Object.entries(files)) {
      if (bytes.length > 0) yield* this.#copying.archive.bytes(`${this.#path}/${name}`, bytes, FILE_MODE);
    }
  }

  async #list(names: readonly string[]): Promise<Listed> {
    const listed = new Map<string, { folder: string; entry: Entry }>();
    for (const name of names) {
      const folder = await this.#queue.folder(name);
      if (folder === undefined) continue;
      try {
        for (const entry of await folder.entries()) listed.set(`${name}/${entry.name}`, { folder: name, entry });
      } finally {
        await folder.close();
      }
    }
    return listed;
  }

  async *#copy(name: string, entry: Entry): Pieces {
    const place = `${name}/${entry.name}`;
    if (this.#copied.get(place) === entry.stamp) return;
    const folder = await this.#queue.folder(name);
    if (folder === undefined) return;
    try {
      yield* this.#folder(name, folder);
      if (entry.kind === "folder") yield* this.#subfolder(folder, entry, place);
      else yield* this.#file(folder, name, entry);
    } finally {
      await folder.close();
    }
  }

  async *#file(folder: Folder, name: string, entry: Entry): Pieces {
    const inode = yield* copyEntry(this.#copying, folder, `${this.#path}/${name}`, entry);
    if (inode !== undefined) this.#copied.set(`${name}/${entry.name}`, entry.stamp);
    const key = parseFileName(entry.name)?.key;
    if (key === undefined) return;
    const ends = `${name === "outgoing" ? "sent" : "ledger"} ${key}`;
    (inode === undefined ? this.#vanished : this.#found).add(ends);
  }

  /** Somebody else's, put aside with all that is in it. */
  async *#subfolder(folder: Folder, entry: Entry, place: string): Pieces {
    const child = await folder.folder(entry.name);
    if (child === undefined) return;
    this.#copied.set(place, entry.stamp);
    try {
      yield* copyFolder(this.#copying, child, `${this.#path}/${place}`);
    } finally {
      await child.close();
    }
  }

  *#folder(name: string, folder: Folder): Generator<Buffer> {
    if (this.#made.has(name)) return;
    this.#made.add(name);
    yield* this.#copying.archive.directory(`${this.#path}/${name}`, folder.mode);
  }
}

function isSame(one: Listed, other: Listed): boolean {
  return (
    one.size === other.size && [...one].every(([place, { entry }]) => other.get(place)?.entry.stamp === entry.stamp)
  );
}
