/** A process of many clients, so that what they take is not taken from those who write, and the servers'. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openClient } from "./client.ts";
import { NumberScan, Tally } from "./lines.ts";
import type { Server } from "./stage.ts";

export interface Received {
  /** When the last client had all, on the clock of `monotonicMs`. */
  readonly at: number;
  /** Lines, of all clients together. */
  readonly lost: number;
  readonly twice: number;
}

interface Order {
  readonly server: Pick<Server, "wire" | "port">;
  readonly clients: number;
  readonly lines: number;
}

type Told = { readonly type: "ready" } | ({ readonly type: "received" } & Received);

/** Nothing came for so long, ms: what is missing then is lost. */
const SILENCE_MS = 20_000;
const SELF = fileURLToPath(import.meta.url);

/** The same in all processes of a machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Calls `write` when as many clients are there, and resolves when each has received as many lines or none comes any more. */
export async function receive(order: Order, write: () => Promise<void>): Promise<Received> {
  const child = fork(SELF, ["clients"]);
  const ended = once(child, "exit");
  try {
    return await new Promise<Received>((resolve, reject) => {
      child.on("message", (told: Told) => {
        if (told.type === "ready") write().catch(reject);
        else resolve(told);
      });
      ended.then(() => reject(new Error("the process of the clients ended")), reject);
      child.send(order);
    });
  } finally {
    child.kill();
    await ended;
  }
}

async function serve({ server, clients, lines }: Order): Promise<void> {
  let heardAt = monotonicMs();
  let missing = clients;
  let silence: NodeJS.Timeout | undefined;
  const tallies = Array.from({ length: clients }, () => new Tally());
  const report = (): void => {
    clearInterval(silence);
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    const lost = sum((tally) => tally.lost + Math.max(0, lines - tally.next));
    tell({ type: "received", at: heardAt, lost, twice: sum((tally) => tally.twice) });
  };
  for (const tally of tallies) {
    const scan = new NumberScan((number) => {
      tally.see(number);
    });
    let isComplete = false;
    await openClient(server, (bytes) => {
      scan.take(bytes);
      heardAt = monotonicMs();
      if (isComplete || tally.next < lines) return;
      isComplete = true;
      missing -= 1;
      if (missing === 0) report();
    });
  }
  silence = setInterval(() => {
    if (monotonicMs() - heardAt > SILENCE_MS) report();
  }, 1000);
  tell({ type: "ready" });
}

function tell(told: Told): void {
  process.send?.(told);
}

if (process.argv[2] === "clients") {
  process.once("message", (order: Order) => {
    serve(order).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}
