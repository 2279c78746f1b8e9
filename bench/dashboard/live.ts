/** How soon and how fast lines come to clients. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { monotonicMs, receive } from "./clients.ts";
import type { Received } from "./clients.ts";
import { ofEach, pick, rowsOf } from "./compare.ts";
import { Lines } from "./lines.ts";
import { memory } from "./proc.ts";
import { openReader } from "./reader.ts";
import type { Sizes } from "./sizes.ts";
import type { Server } from "./stage.ts";

const EVERY_MS = 20;
const WARM_UP = 10;
const LINES_A_BLOCK = 1000;
const KIB_A_MIB = 1024;

/** From before a line is written until it is in the client's hands; 50 lines a second. */
export async function delays({ timedLines }: Sizes): Promise<BenchRow[]> {
  const times = await ofEach(async (stage, kind) => timeLines(await stage.start(kind), timedLines));
  return [0.5, 0.99].flatMap((q) =>
    rowsOf(
      pick(times, (sample) => quantile(sample, q)),
      {
        what: `a line appended → received, 50 a second, p${q * 100}`,
        unit: "ms",
        better: "less",
        gate: 1,
        ...(q === 0.99 ? { aim: 50 } : {}),
      },
    ),
  );
}

async function timeLines(server: Server, count: number): Promise<number[]> {
  const writtenAt: number[] = [];
  const times: number[] = [];
  const reader = await openReader(server, count + WARM_UP, (number) => {
    times.push(performance.now() - (writtenAt[number] ?? Number.NaN));
  });
  const lines = new Lines(1);
  await appending(server, async (file) => {
    for (let n = 0; n < count + WARM_UP; n += 1) {
      writtenAt.push(performance.now());
      await file.write(lines.block(n));
      await pause(EVERY_MS);
    }
  });
  await reader.all();
  reader.close();
  return times.slice(WARM_UP);
}

interface Burst extends Received {
  readonly perSecond: number;
  readonly peakMiB: number;
}

/** All lines as fast as the disk takes them, to some clients in a process of their own. */
export async function burst({ burst: { lines, clients } }: Sizes): Promise<BenchRow[]> {
  const bursts = await ofEach(async (stage, kind) => burstOf(await stage.start(kind), lines, clients));
  const what = `${lines} lines at once to ${clients} clients`;
  const none = { better: "less", aim: 0 } as const;
  return [
    ...rowsOf(
      pick(bursts, ({ perSecond }) => perSecond),
      { what, unit: "lines/s to each", better: "more", aim: 100_000, gate: 1 },
    ),
    ...rowsOf(
      pick(bursts, ({ lost }) => lost),
      { ...none, what: `${what}, lost`, unit: "lines" },
    ),
    ...rowsOf(
      pick(bursts, ({ twice }) => twice),
      { ...none, what: `${what}, twice`, unit: "lines" },
    ),
    ...rowsOf(
      pick(bursts, ({ peakMiB }) => peakMiB),
      { what: `${what}, peak of resident memory`, unit: "MiB", better: "less", aim: 128, gate: 1 },
    ),
  ];
}

async function burstOf(server: Server, count: number, clients: number): Promise<Burst> {
  const lines = new Lines(LINES_A_BLOCK);
  let startedAt = Number.NaN;
  const { wire, port } = server;
  const received = await receive({ server: { wire, port }, clients, lines: count }, () =>
    appending(server, async (file) => {
      startedAt = monotonicMs();
      for (let n = 0; n < count; n += LINES_A_BLOCK)
        await file.write(lines.block(n, Math.min(LINES_A_BLOCK, count - n)));
    }),
  );
  const { peak } = await memory(server.pid);
  return { ...received, perSecond: (count * 1000) / (received.at - startedAt), peakMiB: peak / KIB_A_MIB };
}

/** With the file of the server open to append to. */
export async function appending(server: Server, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(server.file, "a");
  try {
    await write(file);
  } finally {
    await file.close();
  }
}
