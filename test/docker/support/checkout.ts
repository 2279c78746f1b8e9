import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import { repositoryRoot } from "../../support/root.ts";

/** What a clone would not hold, or what has no part in an image: all by the first part of its path. */
const LEFT_OUT = /^(?:node_modules|dist|build-.*|coverage|screenshots|\.git|\.env|\.tinyclaw|secrets|workspace)$/;

/**
 * Copies the checkout to `to`, as a clone of it would be: with the files as they are now, without what an operator or a
 * build has put there. Images built from it have the same layers, since those do not depend on a file's time.
 */
export async function copyCheckout(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(repositoryRoot, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => {
      const [first = ""] = path.relative(repositoryRoot, source).split(path.sep);
      return !LEFT_OUT.test(first);
    },
  });
}
