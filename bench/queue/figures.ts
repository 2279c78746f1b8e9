import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { acrossThreads } from "./across-threads.ts";
import type { Contender, Left } from "./contender.ts";
import { countSyncs } from "./count-syncs.ts";
import { median, row, rowsOf } from "./rows.ts";
import type { Measured } from "./rows.ts";
import type { Sizes } from "./sizes.ts";

const FLOOR = "two raw fsyncs";
const MOST_TIMES_FLOOR = 1.3;
const ENQUEUE_P99_MS = 5;
const CLAIMED_P50_MS = 1;
/** 10 000 as fast as 10, and a tenth for what is measured with it. */
const MOST_TIMES_SMALL = 1.1;
const RECOVERY_MS = 500;
const PRODUCERS = 16;
/** Of a folder, for a message of theirs. Alone each takes one. */
const MOST_FOLDER_SYNCS = 0.5;

/** Ours first. */
export type Contenders = readonly [Contender, ...Contender[]];

/** Calls with contenders whose folders are new, and away afterwards. */
export type Anew = (use: (all: Contenders) => Promise<void>) => Promise<void>;

/**
 * Each stores a message, in turn, so that all meet the same seconds of the disk, and in new folders in each repeat: where
 * a folder came to lie can cost its messages half as much again. Who syncs nothing has turns of its own: what it leaves
 * to be written is paid for by the next sync of another.
 */
export async function enqueue(anew: Anew, { places, enqueued }: Sizes): Promise<BenchRow[]> {
  const p50: Record<string, number[]> = {};
  const p99: Record<string, number[]> = {};
  for (let place = 0; place < places; place += 1) {
    await anew(async (all) => {
      for (const durable of [true, false]) {
        const those = all.filter((one) => one.durable === durable);
        for (const [name, values] of await inTurn(those, enqueued, (one) => one.enqueue())) {
          (p50[name] ??= []).push(quantile(values, 0.5));
          (p99[name] ??= []).push(quantile(values, 0.99));
        }
      }
    });
  }
  const figure = { unit: "ms", better: "less", times: { [FLOOR]: MOST_TIMES_FLOOR } } as const;
  return [
    ...rowsOf(measured(p50), { ...figure, what: "durable enqueue, p50" }),
    ...rowsOf(measured(p99), { ...figure, what: "durable enqueue, p99", aim: ENQUEUE_P99_MS }),
  ];
}

/** From a message's being stored to its being in work, where somebody waits for it. */
export async function claimed(all: Contenders, sizes: Sizes): Promise<BenchRow[]> {
  const waiting = all.filter((one) => one.claimed !== undefined);
  const p50: Record<string, number[]> = {};
  for (let repeat = 0; repeat < sizes.repeats; repeat += 1) {
    const times = await inTurn(waiting, sizes.claimed, (one) => one.claimed?.() ?? Promise.resolve(Number.NaN));
    for (const [name, values] of times) (p50[name] ??= []).push(quantile(values, 0.5));
  }
  const across = (await acrossThreads(sizes.repeats, sizes.claimed)).map((times) => quantile(times, 0.5));
  const what = "enqueue → claimed";
  return [
    row(`${what} by another thread, p50`, median(across), "ms", CLAIMED_P50_MS),
    ...rowsOf(measured(p50), {
      what: `${what} by the same thread, p50`,
      unit: "ms",
      better: "less",
      aim: CLAIMED_P50_MS,
    }),
  ];
}

/** A claim with few and with many waiting, in turn. */
export async function backlogs(all: Contenders, { claims, backlog }: Sizes): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const one of all) {
    const { name, fill, claim } = one;
    if (fill === undefined || claim === undefined) continue;
    await fill("large", backlog.large);
    const small: number[] = [];
    const large: number[] = [];
    for (let n = 0; n < claims; n += 1) {
      if (n % backlog.small === 0) await fill("small", backlog.small);
      // By turns before the other: what one leaves behind is met by both alike.
      if (n % 2 === 0) small.push(await claim("small"));
      large.push(await claim("large"));
      if (n % 2 === 1) small.push(await claim("small"));
    }
    const named = one === all[0] ? "" : `: ${name}`;
    rows.push(
      row(`claims with ${backlog.small} waiting${named}`, rate(small), "1/s"),
      row(`claims with ${backlog.large} waiting${named}`, rate(large), "1/s"),
      row(
        `a claim with ${backlog.large} waiting, times one with ${backlog.small}${named}`,
        median(large) / median(small),
        "×",
        one === all[0] ? MOST_TIMES_SMALL : undefined,
      ),
    );
  }
  return rows;
}

function rate(times: readonly number[]): number {
  return 1000 / median(times);
}

/** Many producers at once, beside one that stores one message after another. */
export async function producers(all: Contenders, { repeats, together }: Sizes): Promise<BenchRow[]> {
  const perSecond: Record<string, number[]> = {};
  const gains: number[] = [];
  const folders: number[] = [];
  const files: number[] = [];
  const [own] = all;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const few = Math.ceil(together / 4);
    const alone = await own.together(few, 1);
    for (const one of all) {
      let took = 0;
      const syncs = await countSyncs(async () => {
        took = await one.together(together, PRODUCERS);
      });
      (perSecond[one.name] ??= []).push((together * 1000) / took);
      if (one !== own) continue;
      gains.push(together / took / (few / alone));
      folders.push(syncs.sync / together);
      files.push(syncs.datasync / together);
    }
  }
  const what = `${PRODUCERS} producers`;
  return [
    ...rowsOf(measured(perSecond), { what, unit: "msgs/s", better: "more" }),
    row(`${what}, times one`, median(gains), "×"),
    row(`${what}, share of ${PRODUCERS} times one`, (100 * median(gains)) / PRODUCERS, "%"),
    row(`${what}, syncs of a file for each message`, median(files), "syncs"),
    row(`${what}, syncs of a folder for each message`, median(folders), "syncs", MOST_FOLDER_SYNCS),
  ];
}

export async function recovery(all: Contenders, { recovery: { files, starts } }: Sizes): Promise<BenchRow[]> {
  const kinds: readonly Left[] = ["waiting", "in work", "answered"];
  const rows: BenchRow[] = [];
  for (const left of kinds) {
    const times: Record<string, number[]> = {};
    for (let start = 0; start < starts; start += 1) {
      for (const one of all) {
        const took = await one.recover?.(files, left);
        if (took !== undefined) (times[one.name] ??= []).push(took);
      }
    }
    rows.push(
      ...rowsOf(measured(times), {
        what: `start with ${files} messages ${left}`,
        unit: "ms",
        better: "less",
        // Of answered ones there are as many as sessions at the most: told, and not judged.
        ...(left === "answered" ? {} : { aim: RECOVERY_MS }),
      }),
    );
  }
  return rows;
}

/** So many of each, one of each in turn, in an order that chance makes: nobody always comes after the same other. */
async function inTurn(
  all: readonly Contender[],
  count: number,
  task: (one: Contender) => Promise<number>,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let n = 0; n < count; n += 1) {
    const order = all.map((one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at);
    for (const { one } of order) times.get(one.name)?.push(await task(one));
  }
  return times;
}

function measured(values: Record<string, number[]>): Measured {
  return { ours: [], ...values };
}
