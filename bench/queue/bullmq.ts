/** BullMQ over a Redis of its own that syncs its log before it answers. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Queue, Worker } from "bullmq";
import { inParallel } from "./contender.ts";
import type { Contender } from "./contender.ts";
import { message, timed } from "./folders.ts";

const PROGRAM = "redis-server";
const TOKEN = "bench";

/** Whether there is a Redis to be started. */
export function hasRedis(): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((dir) => existsSync(path.join(dir, PROGRAM)));
}

export interface BullContender extends Contender {
  close(): Promise<void>;
}

export async function bullmq(root: string): Promise<BullContender> {
  const server = await Redis.start(path.join(root, "redis"));
  const main = server.queue("main");
  const backlogs = new Map<string, { queue: Queue; worker: Worker }>();
  const waiting = new Waiting(server);
  let stored = 0;
  const add = (queue: Queue): Promise<unknown> => {
    stored += 1;
    return queue.add("message", message(stored));
  };
  return {
    name: "BullMQ, appendfsync always",
    durable: true,
    enqueue: () => timed(() => add(main)),
    together: (count, producers) => timed(() => inParallel(count, producers, () => add(main))),
    claimed: () => waiting.one(add),
    async fill(name, count) {
      const known = backlogs.get(name);
      const queue = known?.queue ?? server.queue(name);
      if (known === undefined) backlogs.set(name, { queue, worker: server.worker(name) });
      await queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: "message", data: message(n) })));
    },
    async claim(name) {
      const worker = backlogs.get(name)?.worker;
      const started = performance.now();
      const job = await worker?.getNextJob(TOKEN, { block: false });
      const took = performance.now() - started;
      if (job === undefined) throw new Error(`nothing waits in ${name}`);
      await job.moveToCompleted(null, TOKEN, false);
      return took;
    },
    // Jobs in work at a kill are found by their locks, which end after 30 s: no matter of the start.
    recover: (count, left) =>
      left === "waiting" ? recover(path.join(root, `redis-${stored++}`), count) : Promise.resolve(undefined),
    close: () => server.stop(),
  };
}

async function recover(dir: string, count: number): Promise<number> {
  const before = await Redis.start(dir);
  await before.queue("main").addBulk(Array.from({ length: count }, (_, n) => ({ name: "message", data: message(n) })));
  await before.stop("SIGKILL");
  const started = performance.now();
  const server = await Redis.start(dir);
  const found = await server.queue("main").getWaitingCount();
  const took = performance.now() - started;
  await server.stop();
  if (found !== count) throw new Error(`BullMQ has ${found} of ${count} messages after a kill`);
  return took;
}

/** One who waits for each message with a blocking call, as BullMQ's workers do. */
class Waiting {
  readonly #queue: Queue;
  readonly #ready: Promise<unknown>;
  #onClaimed: (at: number) => void = () => undefined;

  constructor(server: Redis) {
    this.#queue = server.queue("waiting");
    const worker = server.worker("waiting", () => {
      this.#onClaimed(performance.now());
      return Promise.resolve();
    });
    this.#ready = worker.waitUntilReady();
    worker.run().catch((error: unknown) => {
      console.error("BullMQ's worker failed", error);
    });
  }

  async one(add: (queue: Queue) => Promise<unknown>): Promise<number> {
    await this.#ready;
    const claimed = new Promise<number>((resolve) => {
      this.#onClaimed = resolve;
    });
    await add(this.#queue);
    const stored = performance.now();
    return (await claimed) - stored;
  }
}

/** A Redis on a socket in its folder, and those who talk to it. */
class Redis {
  readonly #child: ChildProcess;
  readonly #connection: { path: string; maxRetriesPerRequest: null };
  readonly #clients: { close(): Promise<void> }[] = [];

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#connection = { path: socket, maxRetriesPerRequest: null };
  }

  static async start(dir: string): Promise<Redis> {
    await mkdir(dir, { recursive: true });
    const socket = path.join(dir, "socket");
    const always = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    const child = spawn(PROGRAM, ["--port", "0", "--unixsocket", socket, "--dir", dir, ...always], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((resolve, reject) => {
      let output = "";
      child.once("close", () => {
        reject(new Error(`${PROGRAM} did not start: ${output}`));
      });
      child.stdout.on("data", (part: Buffer) => {
        output = `${output}${part.toString("utf8")}`.slice(-4000);
        if (/ready to accept connections/i.test(output)) resolve();
      });
    });
    return new Redis(child, socket);
  }

  queue(name: string): Queue {
    const queue = new Queue(name, { connection: this.#connection });
    queue.on("error", onFault);
    this.#clients.push(queue);
    return queue;
  }

  /** Without a processor its jobs are asked for by hand; with one it runs when told. */
  worker(name: string, process: (() => Promise<void>) | null = null): Worker {
    const worker = new Worker(name, process, { connection: this.#connection, autorun: false });
    worker.on("error", onFault);
    this.#clients.push(worker);
    return worker;
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    const closed = once(this.#child, "close");
    this.#child.kill(signal);
    await closed;
  }
}

/** A client that has lost its server says so here; whoever waits for it is told by what it waits for. */
function onFault(): void {}
