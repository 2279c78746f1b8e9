import { mkdir, readdir, rename, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "../../core/atomic-file.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { LOGIN } from "./copy-sessions.ts";
import type { ClaudeFolder } from "./copy-sessions.ts";
import { STAGING } from "./staging.ts";

/** What is to take its place, and where. */
export interface Swap {
  readonly dataDir: string;
  readonly claude: ClaudeFolder;
  /** Staged folders; undefined where the archive has none. */
  readonly newData: string | undefined;
  readonly newClaude: string | undefined;
  /** Names what was there before. */
  readonly time: string;
}

const ASIDE = ".before-restore-";

/**
 * Puts what was there aside and what was staged in its place, by renames alone: the data directory's entries into
 * `<data>/.before-restore-<time>/` (it may be a mount point, which cannot be moved), Claude's folder to
 * `<folder>.before-restore-<time>`; of one that is not the agents' own only the projects that come back. When a rename
 * fails, all are taken back. Answers where the old things are. Throws `restore_failed`.
 */
export async function swap(plan: Swap): Promise<string[]> {
  const moves = new Moves();
  const asides: string[] = [];
  try {
    if (plan.newData !== undefined) asides.push(await swapData(moves, plan, plan.newData));
    if (plan.newClaude !== undefined) {
      const task = plan.claude.isOwn ? swapClaude : swapProjects;
      asides.push(await task(moves, plan, plan.newClaude));
    }
    await moves.sync();
  } catch (error) {
    const rest = await moves.undo();
    const end =
      rest === undefined ? "All is as it was" : `Taking it back failed too (${rest}): look into ${asides.join(", ")}`;
    throw new CliError("restore_failed", `Restoring failed: ${describeError(error)}. ${end}.`, { cause: error });
  }
  const kept = await Promise.all(asides.map(async (path) => ((await removeIfEmpty(path)) ? [] : [path])));
  return kept.flat();
}

async function swapData(moves: Moves, { dataDir, time }: Swap, newData: string): Promise<string> {
  const aside = join(dataDir, `${ASIDE}${time}`);
  await mkdir(aside, { mode: 0o750 });
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(ASIDE) && !name.startsWith(STAGING)) await moves.move(join(dataDir, name), join(aside, name));
  }
  for (const name of await readdir(newData)) await moves.move(join(newData, name), join(dataDir, name));
  return aside;
}

async function swapClaude(moves: Moves, { claude, time }: Swap, newClaude: string): Promise<string> {
  const aside = `${claude.path}${ASIDE}${time}`;
  const wasThere = await moves.moveIfThere(claude.path, aside);
  await moves.move(newClaude, claude.path);
  // The login stays in use.
  if (wasThere) await moves.moveIfThere(join(aside, LOGIN), join(claude.path, LOGIN));
  return aside;
}

async function swapProjects(moves: Moves, { claude, time }: Swap, newClaude: string): Promise<string> {
  const aside = join(`${claude.path}${ASIDE}${time}`, "projects");
  const projects = join(claude.path, "projects");
  await mkdir(aside, { recursive: true, mode: 0o700 });
  await mkdir(projects, { recursive: true, mode: 0o700 });
  for (const name of await namesOf(join(newClaude, "projects"))) {
    await moves.moveIfThere(join(projects, name), join(aside, name));
    await moves.move(join(newClaude, "projects", name), join(projects, name));
  }
  return aside;
}

/** Renames that can be taken back. */
class Moves {
  readonly #done: { readonly from: string; readonly to: string }[] = [];

  async move(from: string, to: string): Promise<void> {
    await rename(from, to);
    this.#done.push({ from, to });
  }

  async moveIfThere(from: string, to: string): Promise<boolean> {
    try {
      await this.move(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  async sync(): Promise<void> {
    for (const dir of new Set(this.#done.flatMap(({ from, to }) => [dirname(from), dirname(to)]))) {
      if (await isThere(dir)) await syncDirectory(dir);
    }
  }

  /** What went wrong, if anything did. */
  async undo(): Promise<string | undefined> {
    let fault: string | undefined;
    for (const { from, to } of this.#done.toReversed()) {
      await rename(to, from).catch((error: unknown) => {
        fault ??= `${basename(to)}: ${describeError(error)}`;
      });
    }
    return fault;
  }
}

async function namesOf(dir: string): Promise<string[]> {
  return (await isThere(dir)) ? await readdir(dir) : [];
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** True when there is nothing any more. */
async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}
