/**
 * Loaded into the bot before its own code, by `node --import <this file>?orders=<folder>`: in each of its threads it waits
 * for the order to die. A file in that folder, named after the thread, is an order, and holds a way to die; `<thread>.start`
 * is obeyed at each start of the thread. What was taken up is told by `<thread>.done`, with the time in it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import type { Worker, WorkerOptions } from "node:worker_threads";

/** Mutable, as its importers' names for what is in it are not. */
const threads = createRequire(import.meta.url)("node:worker_threads") as {
  Worker: typeof Worker;
  readonly isMainThread: boolean;
  readonly workerData: { readonly name?: string } | undefined;
};

const LOOK_MS = 20;
const HEAP_MB = 192;

/** Keeps what it is given, so that nothing of it is garbage. */
const kept: unknown[] = [];

const WAYS = {
  throw: () => {
    throw new Error("ordered to throw");
  },
  reject: () => {
    void Promise.reject(new Error("ordered to reject"));
  },
  exit: () => {
    process.exit(9);
  },
  /**
   * Many things: the limit of the thread's heap is met where V8 can still end the thread alone. Big ones, and nothing in
   * them to be looked through, or the collection of garbage takes longer than a hang may.
   */
  objects: () => {
    for (;;) kept.push(Array<number>(10_000).fill(0.5));
  },
  /** A few huge things: V8 has no way back from an allocation that fails, and ends the process. */
  arrays: () => {
    for (;;) kept.push(Array<number>(30_000_000));
  },
  loop: () => {
    for (;;);
  },
  wait: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  /** Lives, but does nothing else for five seconds in which the process itself runs. */
  doze: () => {
    for (let n = 0; n < 50; n += 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  },
  /** abort(3) as native code calls it; Node keeps `process.abort` from worker threads. */
  abort: () => {
    process.kill(process.pid, "SIGABRT");
  },
  /** From now on no long timer of this thread ends: an await that is bounded by one never settles. */
  deaf: () => {
    const { setTimeout: plain } = globalThis;
    const deaf = (task: () => void, ms = 0): NodeJS.Timeout => plain(ms > 10_000 ? () => undefined : task, ms);
    globalThis.setTimeout = Object.assign(deaf, { __promisify__: plain.__promisify__ }) as typeof setTimeout;
  },
} satisfies Record<string, () => void>;

export type Way = keyof typeof WAYS;

function obey(orders: string, name: string): void {
  const path = join(orders, name);
  const way = readFileSync(path, "utf8") as Way;
  if (!name.endsWith(".start")) rmSync(path);
  writeFileSync(join(orders, `${name}.done`), String(Date.now()));
  WAYS[way]();
}

/** Threads that the bot names get this file too; Node hands `--import` on to none that has an environment of its own. */
function followIntoWorkers(): void {
  threads.Worker = class extends threads.Worker {
    constructor(entry: string | URL, options: WorkerOptions & { readonly workerData?: { readonly name?: string } }) {
      const isNamed = options.workerData?.name !== undefined;
      // The bot's own limit, lowered: a smaller heap is full before a slow machine's thread is taken for one that hangs.
      const { resourceLimits } = options;
      const isLimited = isNamed && resourceLimits?.maxOldGenerationSizeMb !== undefined;
      const lowered = isLimited ? { resourceLimits: { ...resourceLimits, maxOldGenerationSizeMb: HEAP_MB } } : {};
      super(entry, isNamed ? { ...options, ...lowered, execArgv: ["--import", import.meta.url] } : options);
    }
  };
  syncBuiltinESMExports();
}

const orders = new URL(import.meta.url).searchParams.get("orders");
if (orders !== null) {
  const name = threads.isMainThread ? "main" : (threads.workerData?.name ?? "");
  if (threads.isMainThread) followIntoWorkers();
  if (existsSync(join(orders, `${name}.start`))) obey(orders, `${name}.start`);
  setInterval(() => {
    if (existsSync(join(orders, name))) obey(orders, name);
  }, LOOK_MS).unref();
}
