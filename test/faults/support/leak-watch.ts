/**
 * Loaded into the bot before its own code, by `node --import <this file>?folder=<folder>`, and before `deadly`. The main
 * thread's clock for durations runs a hundred times as fast, so that a life of a second counts as a healthy one; what a
 * worker thread starts by itself is written down in `<folder>/started`.
 */
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import type { Worker, WorkerOptions } from "node:worker_threads";

/** Mutable, as its importers' names for what is in it are not. */
const threads = createRequire(import.meta.url)("node:worker_threads") as {
  Worker: typeof Worker;
  readonly isMainThread: boolean;
};

const FASTER = 100;

function hurry(): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() * FASTER;
}

/** Node hands `--import` on to no thread that has an environment of its own. */
function followIntoWorkers(): void {
  threads.Worker = class extends threads.Worker {
    constructor(entry: string | URL, options: WorkerOptions) {
      const { execArgv } = options;
      super(
        entry,
        execArgv === undefined ? options : { ...options, execArgv: [...execArgv, "--import", import.meta.url] },
      );
    }
  };
  syncBuiltinESMExports();
}

const folder = new URL(import.meta.url).searchParams.get("folder");
if (folder !== null) {
  if (threads.isMainThread) {
    hurry();
    followIntoWorkers();
  } else {
    subscribe("child_process", () => {
      appendFileSync(join(folder, "started"), "a process\n");
    });
  }
}
