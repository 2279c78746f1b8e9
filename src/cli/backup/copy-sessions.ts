import { z } from "../../core/zod.ts";
import type { Pieces } from "./archive-writer.ts";
import { readUpTo } from "./archive-writer.ts";
import { copyFolder } from "./copy-folder.ts";
import type { Copying } from "./copy-folder.ts";
import { Folder } from "./folder.ts";

/** Claude's folder: `~/.claude`, or what CLAUDE_CONFIG_DIR names. */
export interface ClaudeFolder {
  readonly path: string;
  /** Whether it is the agents' alone. One that the operator uses too is touched where TinyClaw's sessions lie. */
  readonly isOwn: boolean;
}

/** Where Claude Code keeps its login. It stays where it is: no secret is in a backup. */
export const LOGIN = ".credentials.json";
/** What Claude Code makes anew. */
const CACHES = new Set(["cache", "debug", "shell-snapshots", "statsig", "telemetry", "ide"]);

const threadsSchema = z.record(z.string(), z.looseObject({ sessionId: z.string().optional().catch(undefined) }));

/** The agents' sessions; nothing where there are none. */
export async function* copySessions(copying: Copying, claude: ClaudeFolder, dataDir: string): Pieces {
  // Agents' own folder may be a link to anything, and we may read more than they.
  const folder = claude.isOwn ? await Folder.openItself(claude.path) : await Folder.open(claude.path);
  if (folder === undefined) return;
  try {
    if (claude.isOwn) {
      yield* copyFolder(copying, folder, "claude", (below) => below !== LOGIN && !CACHES.has(below));
    } else {
      yield* copyProjects(copying, folder, await knownSessions(dataDir));
    }
  } finally {
    await folder.close();
  }
}

/** Claude Code has a folder for each working directory; those in which a thread has its session are copied whole. */
async function* copyProjects(copying: Copying, claude: Folder, sessions: ReadonlySet<string>): Pieces {
  const projects = await claude.folder("projects");
  if (projects === undefined) return;
  try {
    for (const { name, kind } of await projects.entries()) {
      const project = kind === "folder" ? await projects.folder(name) : undefined;
      if (project === undefined) continue;
      try {
        const files = await project.entries();
        const isOurs = files.some((file) => sessions.has(file.name));
        if (isOurs) yield* copyFolder(copying, project, `claude/projects/${name}`);
      } finally {
        await project.close();
      }
    }
  } finally {
    await projects.close();
  }
}

/** Names of the files that hold the threads' sessions. */
async function knownSessions(dataDir: string): Promise<Set<string>> {
  const folder = await Folder.open(dataDir);
  const handle = await folder?.file("threads.json");
  try {
    const text = handle === undefined ? "{}" : (await readUpTo(handle, (await handle.stat()).size)).toString("utf8");
    const threads = threadsSchema.parse(JSON.parse(text));
    return new Set(Object.values(threads).flatMap(({ sessionId }) => (sessionId ? [`${sessionId}.jsonl`] : [])));
  } catch {
    // The file is copied as it is; what it does not tell cannot be found.
    return new Set();
  } finally {
    await handle?.close();
    await folder?.close();
  }
}
