import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { linkNew, syncDirectory } from "../atomic-file.ts";
import type { Logger } from "../log.ts";
import { inodeOf } from "./aside.ts";
import { fieldsOf } from "./file-fields.ts";
import { parseFileName } from "./file-name.ts";
import type { FileName } from "./file-name.ts";
import { namesIn } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import type { Quarantine } from "./quarantine.ts";
import { unfitKind } from "./read-file.ts";
import { isMessageName, removeFile, unfitName } from "./scan.ts";

export interface RecoveryOptions {
  readonly readyDir: string;
  readonly claimDir: string | undefined;
  readonly deadLetterDir: string;
  readonly ledger: Ledger;
  readonly quarantine: Quarantine;
  readonly logger: Logger;
  /** Whether the answer to a message exists already, so that it must not be run again. */
  readonly answered: (key: string, seq: number | undefined) => boolean | Promise<boolean>;
}

const AT_ONCE = 256;

/** Brings the folders into order after the end of an earlier consumer, however it ended. */
export async function recover(options: RecoveryOptions): Promise<void> {
  const { ledger, answered, logger } = options;
  await inBatches([...ledger.crashed], async ([key, seq]) => {
    if (!(await answered(key, seq))) return;
    await ledger.record("done", key, seq);
    logger.info({ key, messageId: key }, "the message was answered before the stop; it is not run again");
  });
  await finishBurials(options);
  const { claimDir } = options;
  if (claimDir === undefined) return;
  const entries = await readdir(claimDir, { withFileTypes: true });
  await inBatches(entries, async (entry) => {
    if (!isMessageName(entry.name)) return;
    const unfit = unfitKind(entry) ?? unfitName(entry.name);
    if (unfit === undefined) await putBack(options, claimDir, entry.name);
    else await options.quarantine.put(claimDir, entry.name, unfit);
  });
}

/** Their order is in their names; what takes time is to wait for a thread and, for records, for a sync they can share. */
async function inBatches<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(task));
}

/**
 * A burial that was cut short has left the same file in two folders: in `deadLetterDir` and where it was in work, or
 * where it waited when a power failure took its claim back.
 */
async function finishBurials({ readyDir, claimDir, deadLetterDir, ledger, logger }: RecoveryOptions): Promise<void> {
  const dead = new Set(await namesIn(deadLetterDir));
  if (dead.size === 0) return;
  // The name of the dead letter may have been given and not synced.
  await syncDirectory(deadLetterDir);
  for (const dir of claimDir === undefined ? [readyDir] : [claimDir, readyDir]) {
    for (const name of await namesIn(dir)) {
      const parsed = dead.has(name) ? parseFileName(name) : undefined;
      if (parsed === undefined) continue;
      if ((await inodeOf(join(dir, name))) !== (await inodeOf(join(deadLetterDir, name)))) continue;
      await ledger.record("dead", parsed.key, parsed.seq);
      await removeFile(join(dir, name));
      logger.info(fieldsOf(name), "the dead letter is complete now");
    }
  }
}

async function putBack(options: RecoveryOptions, claimDir: string, name: string): Promise<void> {
  const { readyDir, quarantine, ledger, logger } = options;
  const parsed = parseFileName(name);
  if (parsed === undefined) {
    // Put here by hand; in the ready folder it is adopted, unless its name is taken there.
    const moved = await linkNew(join(claimDir, name), join(readyDir, name));
    if (moved === "linked") await removeFile(join(claimDir, name));
    else await quarantine.put(claimDir, name, "not written by this program");
    return;
  }
  if (await isFinished(options, parsed)) {
    await removeFile(join(claimDir, name));
    return;
  }
  await rename(join(claimDir, name), join(readyDir, name));
  logger.info({ ...fieldsOf(name), ...ledger.attempts(parsed.key) }, "a message in work at the stop was put back");
}

async function isFinished({ ledger, answered }: RecoveryOptions, { key, seq }: FileName): Promise<boolean> {
  if (ledger.isOver(key, seq)) return true;
  if (!(await answered(key, seq))) return false;
  await ledger.record("done", key, seq);
  return true;
}
