/**
 * A program whose worker logs numbered lines and then for ever, until it is ended in the moment in which it has written
 * so many. As the main thread: `<folder> <lines> terminate|kill`; by `kill` the whole program ends, which then has logged as
 * many lines of its own.
 */
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { openLog, type Logger } from "../../../src/core/log.ts";

interface Order {
  readonly dir: string;
  readonly lines: number;
  /** Set and rung when so many lines were logged. */
  readonly gate: Int32Array;
}

async function openOwn(dir: string, source: string): Promise<Logger> {
  const { logger } = await openLog({ dir, source, level: "info", secrets: [], stdout: false });
  return logger;
}

function line(logger: Logger, n: number): void {
  logger.info({ n, threadId: 5, messageId: `u${n}` }, "a line that must not be missing");
}

if (isMainThread) {
  const [dir = "", lines = "0", way] = process.argv.slice(2);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const logger = await openOwn(dir, "supervisor");
  const order: Order = { dir, lines: Number(lines), gate };
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  if (way === "kill") for (let n = 0; n < order.lines; n += 1) line(logger, n);
  Atomics.wait(gate, 0, 0);
  if (way === "kill") process.kill(process.pid, "SIGKILL");
  else await worker.terminate();
} else {
  const { dir, lines, gate } = workerData as Order;
  const logger = await openOwn(dir, "queue");
  for (let n = 0; ; n += 1) {
    if (n === lines) {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    }
    line(logger, n);
  }
}
