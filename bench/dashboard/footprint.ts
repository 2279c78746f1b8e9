/** What connections cost, and what it costs that there is nothing to do, or a client that does not read. */
import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { openClient } from "./client.ts";
import type { Client } from "./client.ts";
import { monotonicMs } from "./clients.ts";
import { UNBOUNDED, ofAll, ofEach, rowsOf } from "./compare.ts";
import { Lines } from "./lines.ts";
import { appending } from "./live.ts";
import { forgetPeak, memory, threadsMs, untilIdle } from "./proc.ts";
import { openReader } from "./reader.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";
import type { Server } from "./stage.ts";

const KIB_A_MIB = 1024;
const AT_ONCE = 20;
const STEP_MS = 25;
const FEW_LINES = 1000;
/** What the second of two clients does. */
const OTHERS = ["reads", "stalls"] as const;
type Other = (typeof OTHERS)[number];

/** Resident memory by connection, after the heap is swept: what is held, and not what lies about. */
export async function connections({ connections: count }: Sizes): Promise<BenchRow[]> {
  const of = (kind: "many" | "ws"): Promise<number> =>
    Stage.use(async (stage) => memoryPerConnection(await stage.start(kind, { maxSockets: 2 * count }), count));
  const measured = { ours: await of("many"), ws: await of("ws") };
  const what = `an idle WebSocket, one of ${count}, two subscriptions at ours`;
  return rowsOf(measured, { what, unit: "KiB", better: "less", aim: 4, isJudged: true });
}

async function memoryPerConnection(server: Server, count: number): Promise<number> {
  // As many once before: what is made with the first ones stays for good.
  await closeAll(server, await openMany(server, count));
  const before = await memory(server.pid);
  const clients = await openMany(server, count);
  await settle(server);
  const after = await memory(server.pid);
  await closeAll(server, clients);
  return (after.rss - before.rss) / count;
}

async function openMany(server: Server, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, () => openClient(server));
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

async function closeAll(server: Server, clients: readonly Client[]): Promise<void> {
  for (const client of clients) client.close();
  await settle(server);
}

async function settle(server: Server): Promise<void> {
  await untilIdle(server.pid);
  await server.sweep();
}

/** Share of a core that a process takes to which nobody is connected, with some lines in its file. */
export async function idleness({ idle }: Sizes): Promise<BenchRow[]> {
  const shares = await ofAll(async (stage, kind) => {
    const { pid } = await stage.start(kind, { file: await stage.file(FEW_LINES) });
    await pause(idle.settleMs);
    const [before, since] = [await threadsMs(pid), performance.now()];
    await pause(idle.ms);
    return (((await threadsMs(pid)) - before) / (performance.now() - since)) * 100;
  });
  return rowsOf(shares, { what: "nobody connected", unit: "% of a core", better: "less", aim: 0.5 });
}

/**
 * How much more memory a server takes at most when of two clients one does not read than when both do: the median of
 * some rounds of each, in turns, since the heap breathes from one to the next.
 */
export async function stalled({ load }: Sizes): Promise<BenchRow[]> {
  const rises = await ofEach(async (stage, kind) => {
    // With bounds `ws` waits for the one that stalls, and the other would be sent nothing either.
    const server = await stage.start(kind === "ws" ? "unboundedWs" : kind);
    for (const other of OTHERS) await peakUnder(server, load, other);
    const peaks: Record<Other, number[]> = { reads: [], stalls: [] };
    for (let n = 0; n < load.rounds; n += 1) {
      for (const other of OTHERS) peaks[other].push(await peakUnder(server, load, other));
    }
    return (quantile(peaks.stalls, 0.5) - quantile(peaks.reads, 0.5)) / KIB_A_MIB;
  });
  const what = `one stalled client, ${load.linesPerSecond} lines/s for ${load.seconds} s, rise of resident memory`;
  const { ws, ...others } = rises;
  return rowsOf({ ...others, [UNBOUNDED]: ws ?? Number.NaN }, { what, unit: "MiB", better: "less", aim: 2 });
}

/** The most KiB that were resident while one client was sent all of the load, beside another that reads or does not. */
async function peakUnder(server: Server, load: Sizes["load"], other: Other): Promise<number> {
  const count = Math.round(load.linesPerSecond * load.seconds);
  const perStep = Math.round((load.linesPerSecond * STEP_MS) / 1000);
  const reader = await openReader(server, count);
  const second = await openClient(server);
  if (other === "stalls") second.stall();
  await forgetPeak(server.pid);
  const lines = new Lines(perStep);
  await appending(server, async (file) => {
    const startedAt = monotonicMs();
    for (let n = 0, step = 1; n < count; n += perStep, step += 1) {
      await file.write(lines.block(n, Math.min(perStep, count - n)));
      await pause(Math.max(0, startedAt + step * STEP_MS - monotonicMs()));
    }
  });
  await reader.all();
  const { peak } = await memory(server.pid);
  for (const client of [reader, second]) client.close();
  await untilIdle(server.pid);
  return peak;
}
