/** What a durable file costs at the least: its bytes synced, and its name. The floor, and no queue. */
import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import { inParallel } from "./contender.ts";
import type { Contender } from "./contender.ts";
import { message, timed } from "./folders.ts";

export async function raw(root: string): Promise<Contender> {
  const dir = path.join(root, "raw");
  await mkdir(dir);
  let written = 0;
  const write = async (): Promise<void> => {
    written += 1;
    const file = await open(path.join(dir, `${written}.json`), "wx");
    await file.write(Buffer.from(JSON.stringify(message(written))));
    await file.datasync();
    await file.close();
    const folder = await open(dir, "r");
    await folder.sync();
    await folder.close();
  };
  return {
    name: "two raw fsyncs",
    durable: true,
    enqueue: () => timed(write),
    together: (count, producers) => timed(() => inParallel(count, producers, write)),
  };
}
