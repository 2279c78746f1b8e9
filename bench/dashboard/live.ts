/** How soon and how fast lines come to clients. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { monotonicMs, receive } from "./clients.ts";
import type { Received } from "./clients.ts";
import { UNBOUNDED, inRounds, medianOf, pick, rounds, rowsOf } from "./compare.ts";
import { Lines } from "./lines.ts";
import { memory } from "./proc.ts";
import { openReader } from "./reader.ts";
import type { Reader } from "./reader.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";
import type { Kind, Server } from "./stage.ts";

const EVERY_MS = 20;
/** Lines that are not timed. */
const WARM_UP = 10;
/** Of a burst, sent before anything is measured. */
const WARM_UP_SHARE = 0.1;
const LINES_A_BLOCK = 1000;
const KIB_A_MIB = 1024;

/** From before a line is written until it is in a client's hands, of each of them; 50 lines a second, in rounds. */
export async function delays({ timedLines, burst }: Sizes): Promise<BenchRow[]> {
  const { clients } = burst;
  const task = async (stage: Stage, kind: Kind): Promise<number[]> =>
    timeLines(await warm(stage, kind, burst), timedLines, clients);
  const times = await inRounds(burst.rounds, task);
  return [0.5, 0.99].flatMap((q) =>
    rowsOf(
      pick(times, (of) => medianOf(of, (sample) => quantile(sample, q))),
      {
        what: `a line appended → received by each of ${clients} clients, 50 a second, p${q * 100}`,
        unit: "ms",
        better: "less",
        isJudged: true,
        ...(q === 0.99 ? { aim: 50 } : {}),
      },
    ),
  );
}

async function timeLines(server: Server, count: number, clients: number): Promise<number[]> {
  const writtenAt: number[] = [];
  const times: number[] = [];
  const anotherReader = (): Promise<Reader> =>
    openReader(server, count + WARM_UP, (number) => {
      if (number >= WARM_UP) times.push(performance.now() - (writtenAt[number] ?? Number.NaN));
    });
  const readers = await Promise.all(Array.from({ length: clients }, anotherReader));
  const lines = new Lines(1);
  await appending(server, async (file) => {
    for (let n = 0; n < count + WARM_UP; n += 1) {
      writtenAt.push(performance.now());
      await file.write(lines.block(n));
      await pause(EVERY_MS);
    }
  });
  await Promise.all(readers.map((reader) => reader.all()));
  for (const reader of readers) reader.close();
  return times;
}

interface Burst extends Received {
  readonly perSecond: number;
  readonly peakMiB: number;
}

/**
 * All lines as fast as the disk takes them, to some clients in a process of their own, in rounds: of speed the median, of
 * memory the most, of what is lost or comes twice the sum. The unbounded `ws` comes after the others. What others take of
 * memory is told and not judged: they do nothing else, and the dashboard has its threads, metrics and counts loaded.
 */
export async function burst({ burst: sizes }: Sizes): Promise<BenchRow[]> {
  const task = async (stage: Stage, kind: Kind): Promise<Burst> =>
    burstOf(await warm(stage, kind, sizes), sizes.lines, sizes.clients);
  const bursts = await inRounds(sizes.rounds, task);
  const unbounded = await rounds(sizes.rounds, () => Stage.use((stage) => task(stage, "unboundedWs")));
  const speed = (of: readonly Burst[]): number => medianOf(of, ({ perSecond }) => perSecond);
  const peak = (of: readonly Burst[]): number => Math.max(...of.map(({ peakMiB }) => peakMiB));
  const what = `${sizes.lines} lines at once to ${sizes.clients} clients`;
  const none = { better: "less", aim: 0, unit: "lines" } as const;
  const sum = (of: readonly Burst[], count: (one: Burst) => number): number =>
    of.reduce((all, one) => all + count(one), 0);
  return [
    ...rowsOf(pick(bursts, speed), {
      what,
      unit: "lines/s to each",
      better: "more",
      aim: 100_000,
      isJudged: true,
      reference: { [UNBOUNDED]: speed(unbounded) },
    }),
    ...rowsOf(
      pick(bursts, (of) => sum(of, ({ lost }) => lost)),
      { ...none, what: `${what}, lost` },
    ),
    ...rowsOf(
      pick(bursts, (of) => sum(of, ({ twice }) => twice)),
      { ...none, what: `${what}, twice` },
    ),
    ...rowsOf(pick(bursts, peak), {
      what: `${what}, peak of resident memory`,
      unit: "MiB",
      better: "less",
      aim: 128,
      reference: { [UNBOUNDED]: peak(unbounded) },
    }),
  ];
}

/** Servers run for weeks: one that has just started is sent some lines before it is measured. */
async function warm(stage: Stage, kind: Kind, { lines, clients }: Sizes["burst"]): Promise<Server> {
  const server = await stage.start(kind);
  await burstOf(server, Math.ceil(lines * WARM_UP_SHARE), clients);
  return server;
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
