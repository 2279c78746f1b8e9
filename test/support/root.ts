import { existsSync } from "node:fs";
import path from "node:path";

/** The repository this file was compiled from, wherever under it the compiled tests lie (`dist/test/support`, …). */
export const repositoryRoot: string = rootAbove(import.meta.dirname);

function rootAbove(start: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json")) && existsSync(path.join(folder, "tsconfig.json"))) return folder;
    if (folder === path.dirname(folder)) throw new Error(`no package.json with a tsconfig.json above ${start}`);
  }
}
