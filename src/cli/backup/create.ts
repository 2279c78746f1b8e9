import { CliError } from "../errors.ts";
import type { ArchiveWriter, Pieces } from "./archive-writer.ts";
import { copyFolder } from "./copy-folder.ts";
import type { Copying } from "./copy-folder.ts";
import { copyQueue } from "./copy-queue.ts";
import { copySessions } from "./copy-sessions.ts";
import type { ClaudeFolder } from "./copy-sessions.ts";
import { Folder } from "./folder.ts";

export interface BackupSource {
  readonly dataDir: string;
  readonly claude: ClaudeFolder;
}

/** Of this run alone (status), copied before (queue), left by others (restores, a takeover, half-written files). */
const LEFT_OUT = /^(?:status|queue|takeover|\.restore-.*|\.before-restore-.*|\..*\.tmp)$/;

/**
 * The pieces of a backup, taken while the bot may run: the queue as `copyQueue` says, then what is replaced whole, then
 * what grows, then the sessions. What comes later tells of the same messages or more.
 */
export async function* createBackup(
  { dataDir, claude }: BackupSource,
  archive: ArchiveWriter,
  leftOut: Map<string, string>,
  version: string,
): Pieces {
  const copying: Copying = { archive, leftOut };
  const folder = await Folder.open(dataDir);
  if (folder === undefined) {
    throw new CliError("backup_failed", `${dataDir} is no directory: give the data directory, or set TINYCLAW_DIR.`);
  }
  try {
    yield* archive.begin(version, Date.now());
    const queue = await folder.folder("queue");
    if (queue !== undefined) {
      try {
        yield* copyQueue(copying, queue, "data/queue");
      } finally {
        await queue.close();
      }
    }
    yield* copyFolder(copying, folder, "data", (below) => !LEFT_OUT.test(below));
    yield* copySessions(copying, claude, dataDir);
    yield* archive.end();
  } finally {
    await folder.close();
  }
}
