import type { Dirent } from "node:fs";
import { lstat, mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { describeError, errorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Adoption } from "./adoption.ts";
import type { FileProducer, MessageKind } from "./file-producer.ts";
import { fieldsOf } from "./file-fields.ts";
import { formatFileName, keyOf, parseFileName } from "./file-name.ts";
import type { FileName } from "./file-name.ts";
import type { LaneIndex } from "./lanes.ts";
import { isAside } from "./layout.ts";
import type { QueueLayout } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import { NO_CHARACTER } from "./quarantine.ts";
import type { Quarantine } from "./quarantine.ts";
import { unfitKind } from "./read-file.ts";
import { readMessage } from "./read-message.ts";

/** A message file of ours, waiting or in work. */
export interface Entry extends FileName {
  readonly name: string;
}

export interface ReadyScanOptions<M> {
  readonly readyDir: string;
  readonly layout: QueueLayout;
  readonly kind: MessageKind<M>;
  readonly index: LaneIndex<Entry>;
  readonly ledger: Ledger;
  readonly quarantine: Quarantine;
  readonly producer: FileProducer<M>;
  /** Undefined when other programs may drop nothing here. */
  readonly adoption: Adoption<M> | undefined;
  readonly logger: Logger;
  /** A file wants another look soon. */
  readonly lookAgain: () => void;
}

interface Dropped<M> {
  readonly name: string;
  readonly key: string;
  readonly message: M;
}

/** Dropped files that are read and stored at once; their contents are in memory meanwhile. */
const ADOPT_AT_ONCE = 16;

/** Looks through the folder where messages are published, and brings the index up to date with it. */
export class ReadyScan<M> {
  readonly #options: ReadyScanOptions<M>;

  constructor(options: ReadyScanOptions<M>) {
    this.#options = options;
  }

  /** Answers how many message files it saw. */
  async run(): Promise<number> {
    const { readyDir, index, quarantine } = this.#options;
    const present = new Set<string>();
    const ours: Entry[] = [];
    const foreign: string[] = [];
    for (const entry of await listFolder(readyDir)) {
      const { name } = entry;
      if (!isMessageName(name)) continue;
      present.add(name);
      const parsed = parseFileName(name);
      if (parsed !== undefined && index.get(parsed.key)?.name === name) continue;
      const unfit = unfitKind(entry) ?? unfitName(name);
      if (unfit !== undefined) await quarantine.put(readyDir, name, unfit);
      else if (parsed !== undefined) ours.push({ ...parsed, name });
      else foreign.push(name);
    }
    this.#forgetVanished(present);
    for (const entry of ours.sort((a, b) => a.seq - b.seq)) await this.#admit(entry);
    if (foreign.length > 0) await this.#adoptAll(foreign);
    return present.size;
  }

  /** Someone removed these by hand. */
  #forgetVanished(present: ReadonlySet<string>): void {
    const { index, logger } = this.#options;
    for (const entry of index.waiting()) {
      if (present.has(entry.name)) continue;
      index.end(entry);
      logger.warn(fieldsOf(entry.name), "a waiting message file has vanished from the queue");
    }
  }

  /**
   * Takes a file into the index, or removes it when its message is there already. This is the one place where a
   * message that was not run is unlinked, and only because its twin is safe.
   */
  async #admit(entry: Entry): Promise<void> {
    if (await this.#isKnown(entry.key, entry.seq)) await this.#removeTwin(entry.name, entry.key);
    else this.#options.index.add(entry);
  }

  /** Whether the message of that key has ended, is in work, or waits in a file that can be read. */
  async #isKnown(key: string, seq?: number): Promise<boolean> {
    const { index, ledger, kind, readyDir, quarantine } = this.#options;
    if (ledger.isOver(key, seq) && (await this.#isThere(key))) return true;
    const twin = index.get(key);
    if (twin === undefined) return false;
    if (index.isClaimed(twin)) return true;
    const read = await readMessage(join(readyDir, twin.name), kind.schema);
    if (read.status === "message") return true;
    if (read.status === "corrupt") await quarantine.put(readyDir, twin.name, read.reason);
    index.end(twin);
    return false;
  }

  /** Of what is done nothing need be there. A dead letter that somebody took away, or moved here, is no twin. */
  async #isThere(key: string): Promise<boolean> {
    const { ledger, layout } = this.#options;
    const seq = ledger.buriedAs(key);
    return seq === undefined || isAside(layout, key, seq);
  }

  async #removeTwin(name: string, key: string): Promise<void> {
    const { readyDir, logger } = this.#options;
    if (await removeFile(join(readyDir, name))) {
      logger.info({ ...fieldsOf(name), key, messageId: key }, "the message came a second time; this copy was removed");
    }
  }

  async #adoptAll(names: string[]): Promise<void> {
    const { readyDir, quarantine, adoption } = this.#options;
    if (adoption === undefined) {
      for (const name of names) await quarantine.put(readyDir, name, "not written by this program");
      return;
    }
    const inOrder = await byAge(readyDir, names);
    for (let at = 0; at < inOrder.length; at += ADOPT_AT_ONCE) {
      const batch = inOrder.slice(at, at + ADOPT_AT_ONCE);
      const looks = await Promise.all(batch.map((name) => this.#look(adoption, name)));
      // Numbers are given in the order of these calls.
      const stored = await Promise.all(looks.flatMap((found) => (found === undefined ? [] : [this.#adoptOne(found)])));
      for (const entry of stored) if (entry !== undefined) await this.#admit(entry);
    }
  }

  /** The message in a dropped file, when there is one and it is new. */
  async #look(adoption: Adoption<M>, name: string): Promise<Dropped<M> | undefined> {
    const { readyDir, quarantine, kind, lookAgain } = this.#options;
    const look = await adoption.look(join(readyDir, name), name);
    if (look.status === "later") lookAgain();
    if (look.status === "corrupt") await quarantine.put(readyDir, name, look.reason);
    if (look.status !== "message") return undefined;
    const key = keyOf(kind.keyFor(look.message));
    if (!(await this.#isKnown(key))) return { name, key, message: look.message };
    await this.#removeTwin(name, key);
    return undefined;
  }

  /** Stores a dropped message under a name of ours, then removes the original. */
  async #adoptOne({ name, key, message }: Dropped<M>): Promise<Entry | undefined> {
    const { readyDir, producer, logger, quarantine } = this.#options;
    try {
      const stored = await producer.store(message, key);
      await removeFile(join(readyDir, name));
      logger.info({ name, threadId: stored.lane, messageId: key }, "a message dropped by another program was taken in");
      return { ...stored, name: formatFileName(stored) };
    } catch (error) {
      if (errorCode(error) === "queue_message_invalid") {
        await quarantine.put(readyDir, name, describeError(error));
        return undefined;
      }
      logger.error(
        { name, messageId: key, error: describeError(error) },
        "a dropped message could not be stored; trying again soon",
      );
      return undefined;
    }
  }
}

/** Hidden files are other programs' unfinished ones; other endings are not for us. */
export function isMessageName(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}

/** Why nothing of that name is taken for a message; undefined when something may be. */
export function unfitName(name: string): string | undefined {
  if (name.includes(NO_CHARACTER)) return "a name that is not valid UTF-8";
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  return /[\u0000-\u001f\u007f]/.test(name) ? "a name with control characters" : undefined;
}

/** Entries of a folder, which is made again when someone removed it. */
async function listFolder(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    await mkdir(dir, { recursive: true, mode: 0o750 });
    return [];
  }
}

/** Oldest first. */
async function byAge(dir: string, names: string[]): Promise<string[]> {
  const aged = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(join(dir, name), { bigint: true }).catch(() => undefined);
      return { name, at: found?.mtimeNs ?? 0n };
    }),
  );
  return aged.sort((a, b) => Number(a.at - b.at) || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** False when it was gone. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
