import { copyFile, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "../../core/zod.ts";
import { removeLeftovers, replaceFile } from "../../core/atomic-file.ts";
import type { Clock } from "../../core/clock.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import { GENERAL_THREAD, MODELS, threadSlug, type Model, type ThreadId } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";

const threadSchema = z.looseObject({
  name: z.string(),
  cwd: z.string(),
  /** Last used. */
  model: z.enum(MODELS),
  modelChoice: z.enum(["auto", ...MODELS]).default("auto"),
  isMaster: z.boolean(),
  lastActive: z.number(),
  sessionId: z.string().optional(),
  systemPrompt: z.string().optional(),
  status: z.enum(["idle", "queued", "running", "closed"]).default("idle"),
});

/** A thread as `threads.json` has it; fields of other programs stay where they are, unseen. */
interface StoredThread {
  name: string;
  cwd: string;
  model: Model;
  modelChoice: Model | "auto";
  isMaster: boolean;
  lastActive: number;
  sessionId?: string;
  systemPrompt?: string;
  status: "idle" | "queued" | "running" | "closed";
}

/** A forum topic as TinyClaw knows it. */
export type Thread = StoredThread & { readonly threadId: ThreadId };

export interface ThreadStoreOptions {
  /** `threads.json`. */
  readonly path: string;
  readonly workspaceRoot: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The threads and their sessions, kept in `threads.json`; this is its one writer. A write that fails is said in the log
 * and made up for by the next: what is in memory holds meanwhile, and no message is worth less for it.
 */
export class ThreadStore {
  readonly #options: ThreadStoreOptions;
  readonly #threads: Map<ThreadId, Thread>;
  #writing: Promise<void> | undefined;
  #dirty = false;
  /** Closed topics. A turn may still run in one; when it ends, the thread is closed again and not idle. */
  readonly #closed: Set<ThreadId>;

  private constructor(options: ThreadStoreOptions, threads: Map<ThreadId, Thread>) {
    this.#options = options;
    this.#threads = threads;
    this.#closed = new Set(this.list().flatMap(({ threadId, status }) => (status === "closed" ? [threadId] : [])));
  }

  /** A file that does not parse is copied aside; the entries of it that do are taken up. */
  static async open(options: ThreadStoreOptions): Promise<ThreadStore> {
    await removeLeftovers(options.path);
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

  /** The topic was closed, or opened again. */
  async setClosed(threadId: ThreadId, closed: boolean): Promise<void> {
    const status = this.#threads.get(threadId)?.status;
    if (closed) this.#closed.add(threadId);
    else this.#closed.delete(threadId);
    if (status === "idle" || status === "closed") await this.update(threadId, { status: "idle" });
  }

  isClosed(threadId: ThreadId): boolean {
    return this.#closed.has(threadId);
  }

  /** Changes a thread; a field given as undefined is removed. Resolves when that is on disk, or has failed to be. */
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
    if (thread.status !== "running" && this.#closed.has(threadId)) thread.status = "closed";
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
    } catch (error) {
      const { path, log } = this.#options;
      log.error(
        { path },
        `threads.json could not be written, and will be with the next change: ${describeError(error)}`,
      );
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
  const { threads, faults } = parseThreads(text);
  if (faults.length > 0) {
    const aside = `${path}.broken-${clock.now()}`;
    await copyFile(path, aside);
    log.error({ path, aside, faults }, "threads.json does not parse in places; a copy is set aside, the rest is used");
  }
  return threads;
}

/** The entries that are threads, and what is wrong with the others. */
function parseThreads(text: string): { threads: Map<ThreadId, Thread>; faults: string[] } {
  const threads = new Map<ThreadId, Thread>();
  let entries: [string, unknown][];
  try {
    entries = Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
  } catch (error) {
    return { threads, faults: [describeError(error)] };
  }
  const faults: string[] = [];
  for (const [id, entry] of entries) {
    const parsed = threadSchema.safeParse(entry);
    const threadId = /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
    if (parsed.success && threadId !== undefined) threads.set(threadId, { threadId, ...parsed.data } as Thread);
    else faults.push(`${id}: ${parsed.success ? "no thread's id" : z.prettifyError(parsed.error)}`);
  }
  return { threads, faults };
}
