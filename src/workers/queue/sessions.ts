import { readFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { replaceFile } from "../../core/atomic-file.ts";
import type { Clock } from "../../core/clock.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import { GENERAL_THREAD, MODELS, threadSlug, type ThreadId } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";

const threadSchema = z.object({
  name: z.string(),
  cwd: z.string(),
  /** Last used. */
  model: z.enum(MODELS),
  modelChoice: z.enum(["auto", ...MODELS]),
  isMaster: z.boolean(),
  lastActive: z.number(),
  sessionId: z.string().optional(),
  systemPrompt: z.string().optional(),
  status: z.enum(["idle", "queued", "running", "closed"]),
});
type StoredThread = z.infer<typeof threadSchema>;
type ThreadStatus = StoredThread["status"];

/** A forum topic as TinyClaw knows it. */
export type Thread = StoredThread & { readonly threadId: ThreadId };

export interface ThreadStoreOptions {
  /** `threads.json`. */
  readonly path: string;
  readonly workspaceRoot: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The threads and their sessions, kept in `threads.json`; this is its one writer. */
export class ThreadStore {
  readonly #options: ThreadStoreOptions;
  readonly #threads: Map<ThreadId, Thread>;
  #writing: Promise<void> | undefined;
  #dirty = false;

  private constructor(options: ThreadStoreOptions, threads: Map<ThreadId, Thread>) {
    this.#options = options;
    this.#threads = threads;
  }

  /** A file that does not parse is set aside, never overwritten, and the store starts empty. */
  static async open(options: ThreadStoreOptions): Promise<ThreadStore> {
    const threads = await readThreads(options);
    for (const thread of threads.values()) {
      if (thread.status !== "closed") thread.status = "idle";
    }
    return new ThreadStore(options, threads);
  }

  get(threadId: ThreadId): Thread | undefined {
    return this.#threads.get(threadId);
  }

  list(): readonly Thread[] {
    return [...this.#threads.values()];
  }

  nameOf(threadId: ThreadId): string {
    return this.#threads.get(threadId)?.name ?? `thread ${threadId}`;
  }

  /** The thread, made when it is new; a new name replaces the old one, never the directory, which the turn makes. */
  async ensure(threadId: ThreadId, topicName: string | undefined): Promise<Thread> {
    const known = this.#threads.get(threadId);
    if (known !== undefined) {
      if (topicName !== undefined && topicName !== known.name) await this.update(threadId, { name: topicName });
      return known;
    }
    const isMaster = threadId === GENERAL_THREAD;
    const name = topicName ?? (isMaster ? "General" : `Topic ${threadId}`);
    const root = this.#options.workspaceRoot;
    const taken = new Set(this.list().map((thread) => basename(thread.cwd)));
    const thread: Thread = {
      threadId,
      name,
      cwd: isMaster ? root : join(root, threadSlug(topicName ?? "", threadId, taken)),
      model: "sonnet",
      modelChoice: "auto",
      isMaster,
      lastActive: this.#options.clock.now(),
      status: "idle",
    };
    this.#threads.set(threadId, thread);
    await this.#save();
    return thread;
  }

  /** Changes a thread; a field given as undefined is removed. Resolves when it is on disk. */
  async update(
    threadId: ThreadId,
    change: { [Key in keyof StoredThread]?: StoredThread[Key] | undefined },
  ): Promise<void> {
    const thread = this.#threads.get(threadId);
    if (thread === undefined) return;
    const entries = Object.entries(change) as [keyof StoredThread, never][];
    for (const [key, value] of entries) {
      if (value === undefined) delete thread[key];
      else thread[key] = value;
    }
    await this.#save();
  }

  /** Changes made while a write is under way share the next one. */
  #save(): Promise<void> {
    this.#dirty = true;
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#dirty) {
        this.#dirty = false;
        const record = Object.fromEntries(this.list().map(({ threadId, ...rest }) => [String(threadId), rest]));
        await replaceFile(this.#options.path, `${JSON.stringify(record, undefined, 2)}\n`);
      }
    } finally {
      // In the same step as the last look at `dirty`: a change made after it must start a write of its own.
      this.#writing = undefined;
    }
  }
}

async function readThreads({ path, log, clock }: ThreadStoreOptions): Promise<Map<ThreadId, Thread>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new Map();
    throw error;
  }
  try {
    const stored = z.record(z.string().regex(/^[1-9]\d*$/), threadSchema).parse(JSON.parse(text));
    return new Map(Object.entries(stored).map(([id, thread]) => [Number(id), { threadId: Number(id), ...thread }]));
  } catch (error) {
    const aside = `${path}.broken-${clock.now()}`;
    await rename(path, aside);
    log.error({ path, aside }, `threads.json does not parse and is set aside: ${describeError(error)}`);
    return new Map();
  }
}
