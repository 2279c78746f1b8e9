import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { linkNew } from "../atomic-file.ts";
import type { Logger } from "../log.ts";
import { inodeOf } from "./aside.ts";
import { parseFileName } from "./file-name.ts";
import type { FileName } from "./file-name.ts";
import { namesIn } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import type { Quarantine } from "./quarantine.ts";
import { unfitKind } from "./read-file.ts";
import { isMessageName, removeFile } from "./scan.ts";

export interface RecoveryOptions {
  readonly readyDir: string;
  readonly claimDir: string | undefined;
  readonly deadLetterDir: string;
  readonly ledger: Ledger;
  readonly quarantine: Quarantine;
  readonly logger: Logger;
  /** Whether the answer to a message exists already, so that it must not be run again. */
  readonly answered: (key: string) => boolean | Promise<boolean>;
}

/** Brings the folders into order after the end of an earlier consumer, however it ended. */
export async function recover(options: RecoveryOptions): Promise<void> {
  const { ledger, answered, logger } = options;
  for (const key of ledger.crashed) {
    if (!(await answered(key))) continue;
    await ledger.record("done", key);
    logger.info({ key }, "the message was answered before the stop; it is not run again");
  }
  await finishBurials(options);
  const { claimDir } = options;
  if (claimDir === undefined) return;
  for (const entry of await readdir(claimDir, { withFileTypes: true })) {
    if (!isMessageName(entry.name)) continue;
    const unfit = unfitKind(entry);
    if (unfit === undefined) await putBack(options, claimDir, entry.name);
    else await options.quarantine.put(claimDir, entry.name, unfit);
  }
}

/** A burial that was cut short has left the same file in both folders. */
async function finishBurials({ readyDir, claimDir, deadLetterDir, ledger, logger }: RecoveryOptions): Promise<void> {
  const dir = claimDir ?? readyDir;
  const dead = new Set(await namesIn(deadLetterDir));
  for (const name of await namesIn(dir)) {
    const parsed = dead.has(name) ? parseFileName(name) : undefined;
    if (parsed === undefined) continue;
    if ((await inodeOf(join(dir, name))) !== (await inodeOf(join(deadLetterDir, name)))) continue;
    await ledger.record("dead", parsed.key, parsed.seq);
    await removeFile(join(dir, name));
    logger.info({ name }, "the dead letter is complete now");
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
  logger.info({ name, ...ledger.attempts(parsed.key) }, "a message in work at the stop was put back");
}

async function isFinished({ ledger, answered }: RecoveryOptions, { key, seq }: FileName): Promise<boolean> {
  if (ledger.isDone(key)) return true;
  if (!(await answered(key))) return false;
  await ledger.record("done", key, seq);
  return true;
}
