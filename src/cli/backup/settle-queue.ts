import { appendFile, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { parseFileName } from "../../core/queue/file-name.ts";
import { isAnswered, readAnswers } from "../../core/queue/file-queue.ts";
import { namesIn, queueLayout } from "../../core/queue/layout.ts";
import { endedKeys } from "../../core/queue/ledger.ts";

/**
 * Makes one of each message that stands twice in a copied queue, since it moved while it was copied:
 *
 * | it stands in | it stays in | for |
 * |---|---|---|
 * | work, and `dead-letter/` | `dead-letter/`, `dead` in the ledger | it was being buried, and its topic told |
 * | `incoming/` and `processing/` | `processing/` | it was being claimed; the bot puts it back at its start |
 * | `incoming/`, and is answered | `processing/` | there the bot looks for an answer, and does not run it again |
 */
export async function settleQueue(queueDir: string): Promise<void> {
  const layout = queueLayout(queueDir);
  const [answers, now] = [await readAnswers(queueDir), Date.now()];
  const dead = new Set(await namesIn(layout.deadLetter));
  for (const name of await namesIn(layout.processing)) {
    if (dead.has(name)) await keepDead(queueDir, layout.processing, name);
  }
  const inWork = new Set(await namesIn(layout.processing));
  for (const name of await namesIn(layout.incoming)) {
    const file = parseFileName(name);
    const path = join(layout.incoming, name);
    if (dead.has(name)) await keepDead(queueDir, layout.incoming, name);
    else if (inWork.has(name)) await unlink(path);
    else if (
      file !== undefined &&
      isAnswered(answers.get(file.key), file.seq, now) &&
      (await isFolder(layout.processing))
    ) {
      await rename(path, join(layout.processing, name));
    }
  }
}

async function keepDead(queueDir: string, dir: string, name: string): Promise<void> {
  const file = parseFileName(name);
  if (file === undefined) return;
  const { ledger } = queueLayout(queueDir);
  const lines = await readFile(ledger, "utf8").catch(() => "");
  if (!endedKeys(lines).has(file.key)) {
    const record = { timestamp: Date.now(), key: file.key, event: "dead", seq: file.seq };
    await appendFile(ledger, `${JSON.stringify(record)}\n`, { mode: 0o640 });
  }
  await unlink(join(dir, name));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
