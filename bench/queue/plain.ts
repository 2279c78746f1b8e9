/** A queue of files as most write it: a rename and nothing synced, and the folder read for each claim. */
import { watch } from "node:fs";
import { mkdir, readdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { inParallel } from "./contender.ts";
import type { Contender } from "./contender.ts";
import { message, timed } from "./folders.ts";

export async function plain(root: string): Promise<Contender> {
  let written = 0;
  const store = async (dir: string): Promise<void> => {
    written += 1;
    const name = `${String(written).padStart(16, "0")}.json`;
    await writeFile(path.join(dir, "tmp", name), JSON.stringify(message(written)));
    await rename(path.join(dir, "tmp", name), path.join(dir, "incoming", name));
  };
  const make = async (name: string): Promise<string> => {
    const dir = path.join(root, `plain-${name}`);
    for (const folder of ["tmp", "incoming", "processing"]) await mkdir(path.join(dir, folder), { recursive: true });
    return dir;
  };
  const main = await make("main");
  const waiting = await make("waiting");
  const fill = async (name: string, count: number): Promise<void> => {
    const dir = await make(name);
    for (let n = 0; n < count; n += 1) await store(dir);
  };
  return {
    name: "tmp + rename, nothing synced",
    durable: false,
    enqueue: () => timed(() => store(main)),
    together: (count, producers) => timed(() => inParallel(count, producers, () => store(main))),
    async claimed() {
      const claimed = new Promise<number>((resolve) => {
        const watcher = watch(path.join(waiting, "incoming"), () => {
          watcher.close();
          resolve(claim(waiting).then(() => performance.now()));
        });
      });
      await store(waiting);
      const stored = performance.now();
      return (await claimed) - stored;
    },
    fill,
    claim: (name) => timed(() => claim(path.join(root, `plain-${name}`))),
    async recover(count, left) {
      if (left === "answered") return undefined;
      const name = `recover-${left}-${written}`;
      await fill(name, count);
      const dir = path.join(root, `plain-${name}`);
      const [from, to] = left === "waiting" ? ["incoming", "incoming"] : ["incoming", "processing"];
      if (from !== to) await moveAll(path.join(dir, from), path.join(dir, to));
      return timed(async () => {
        await moveAll(path.join(dir, "processing"), path.join(dir, "incoming"));
        await readdir(path.join(dir, "incoming"));
      });
    },
  };
}

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) await rename(path.join(from, name), path.join(to, name));
}

/** Takes the oldest into work, reads it and finishes it. */
async function claim(dir: string): Promise<void> {
  const [name] = (await readdir(path.join(dir, "incoming"))).sort();
  if (name === undefined) throw new Error(`nothing waits in ${dir}`);
  const inWork = path.join(dir, "processing", name);
  await rename(path.join(dir, "incoming", name), inWork);
  JSON.parse(await readFile(inWork, "utf8"));
  await unlink(inWork);
}
