import { rename } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../errors.ts";
import { inodeOf, linkAside } from "./aside.ts";
import { removeFile } from "./scan.ts";

export interface WorkFolderOptions {
  readonly readyDir: string;
  /** Undefined: messages in work stay where they are. */
  readonly claimDir: string | undefined;
  readonly deadLetterDir: string;
}

/** Where the files of messages in work are, and how they get there and away. */
export class WorkFolder {
  readonly dir: string;
  readonly #options: WorkFolderOptions;

  constructor(options: WorkFolderOptions) {
    this.#options = options;
    this.dir = options.claimDir ?? options.readyDir;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** False when the file is gone. */
  async take(name: string): Promise<boolean> {
    const { readyDir, claimDir } = this.#options;
    if (claimDir === undefined) return true;
    if (await renameIfThere(join(readyDir, name), join(claimDir, name))) return true;
    // There already when an earlier claim could neither go on nor be taken back.
    return (await inodeOf(join(claimDir, name))) !== undefined;
  }

  /** A file that someone took away by hand stays away. */
  async giveBack(name: string): Promise<void> {
    const { readyDir, claimDir } = this.#options;
    if (claimDir !== undefined) await renameIfThere(join(claimDir, name), join(readyDir, name));
  }

  async remove(name: string): Promise<void> {
    await removeFile(this.path(name));
  }

  /** Makes the dead letter, durably, and leaves the file in work where it is. */
  async copyToDeadLetters(name: string, why: Readonly<Record<string, string | number>>): Promise<void> {
    await linkAside({ path: this.path(name), name, dir: this.#options.deadLetterDir, why });
  }
}

/** False when there is no such file. */
async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
