import type { BenchRow } from "./bench.ts";
import { bullmq, hasRedis } from "./queue/bullmq.ts";
import { backlogs, claimed, enqueue, producers, recovery } from "./queue/figures.ts";
import type { Contender } from "./queue/contender.ts";
import type { Contenders } from "./queue/figures.ts";
import { withFolder } from "./queue/folders.ts";
import { ours } from "./queue/ours.ts";
import { plain } from "./queue/plain.ts";
import { raw } from "./queue/raw.ts";
import { FULL } from "./queue/sizes.ts";
import type { Sizes } from "./queue/sizes.ts";
import { nodeWithSqlite, sqlite } from "./queue/sqlite.ts";

/**
 * The file queue on the disk of the temporary folder, beside the system calls that a durable file needs at the least,
 * other queues, and files nobody syncs. All are there at once and take turns, so that all meet the same disk.
 */
export function run(sizes: Sizes = FULL): Promise<BenchRow[]> {
  return withFolder(async (root) => {
    const others = await rivals(root, sizes);
    try {
      return await withFiles(others, async (all) => [
        ...(await enqueue((use) => withFiles(others, use), sizes)),
        ...(await claimed(all, sizes)),
        ...(await backlogs(all, sizes)),
        ...(await producers(all, sizes)),
        ...(await recovery(all, sizes)),
      ]);
    } finally {
      for (const one of others) await one.close();
    }
  });
}

/** Those that keep files, in a folder of their own, beside others that are there already. */
function withFiles<T>(others: readonly Contender[], use: (all: Contenders) => Promise<T>): Promise<T> {
  return withFolder(async (root) => {
    const own = await ours(root);
    try {
      return await use([own, await raw(root), ...others, await plain(root)]);
    } finally {
      await own.close();
    }
  });
}

/** Those that this machine can run; of the others it is said that they are missing. */
async function rivals(root: string, { fetchNode }: Sizes) {
  const node = nodeWithSqlite(fetchNode);
  if (node === undefined) console.error("queue: SQLite is not measured, since there is no Node 22 with it.");
  if (!hasRedis()) console.error("queue: BullMQ is not measured, since there is no redis-server: install it.");
  return [...(node === undefined ? [] : [await sqlite(root, node)]), ...(hasRedis() ? [await bullmq(root)] : [])];
}
