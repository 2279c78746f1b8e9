/** The end of a large file, and a search through it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { rowsOf } from "./compare.ts";
import { Lines, NEEDLE, NumberScan } from "./lines.ts";
import { threadsMs, untilIdle } from "./proc.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";
import type { Server } from "./stage.ts";

export const LAST = 1000;
const BLOCK_BYTES = 2 ** 20;
const WARM_UP = 20;
const TAILS = 5;
const SEARCHES = 3;
const MONTH_MS = 30 * 24 * 60 * 60 * 1000;
const LOOK_MS = 10;
const LOOKS = 100;
/** So long, and less of a core than this. */
const REST_LOOKS = 5;
const REST_SHARE = 0.25;
const SHORT = "/healthz";
const Q = NEEDLE.toLowerCase();

export async function bigFile(sizes: Sizes): Promise<BenchRow[]> {
  return Stage.use(async (stage) => {
    const file = await stage.file();
    await fill(file, sizes.bigFileBytes);
    const ours = await stage.start("ours", { file });
    const express = await stage.start("express", { file });
    const size = sizes.bigFileBytes / 2 ** 20;
    const counted = await untilIdle(ours.pid);
    return [
      { area: "dashboard", what: `counting what ${size} MiB hold, after the start`, value: counted / 1000, unit: "s" },
      ...(await ends(ours, express, sizes, `of ${size} MiB`)),
      ...(await searches(ours, express, `${size} MiB`)),
      await leaving(ours),
    ];
  });
}

/** Lines of a month ago, the needle in one of the first block. */
export async function fill(path: string, bytes: number): Promise<void> {
  const lines = new Lines(Math.floor(BLOCK_BYTES / new Lines(1).block(0).length), Date.now() - MONTH_MS);
  const file = await open(path, "a");
  for (let written = 0, first = 0; written < bytes; first += lines.perBlock) {
    const block = first === 0 ? lines.blockWithNeedle(0) : lines.block(first);
    await file.write(block);
    written += block.length;
  }
  // Written back later, it would be in the way of what is measured.
  await file.sync();
  await file.close();
}

async function ends(ours: Server, express: Server, { answers }: Sizes, where: string): Promise<BenchRow[]> {
  const sample: number[] = [];
  const shortest: number[] = [];
  for (let n = 0; n < answers + WARM_UP; n += 1) {
    sample.push(await timeToFirst(ours, `/api/messages/recent?n=${LAST}`));
    // In turns with these: what holds up also an answer of a few bytes is not the list's doing.
    shortest.push(await timeAll(ours, SHORT));
  }
  const warm = sample.slice(WARM_UP);
  const first = `first byte of the last ${LAST} lines ${where}`;
  const figure = { unit: "ms", better: "less", aim: 10 } as const;
  return [
    ...rowsOf({ ours: quantile(warm, 0.5) }, { ...figure, what: `${first}, p50` }),
    ...rowsOf(
      { ours: quantile(warm, 0.99), "Express, all read": await timeToFirst(express, `/recent?n=${LAST}`) },
      {
        ...figure,
        what: `${first}, p99`,
        isJudged: true,
        reference: {
          "tail and its start": quantile(await times(TAILS, () => timeTail(ours.file)), 0.5),
          "an answer of a few bytes": quantile(shortest.slice(WARM_UP), 0.99),
        },
      },
    ),
  ];
}

/** Until the first byte of the body; throws if the lines are not those asked for. */
export async function timeToFirst(server: Server, path: string): Promise<number> {
  let lines = 0;
  const scan = new NumberScan(() => {
    lines += 1;
  });
  const started = performance.now();
  const response = await request(server, path);
  let first: number | undefined;
  for await (const part of response) {
    first ??= performance.now() - started;
    scan.take(part as Buffer);
  }
  if (first === undefined || lines !== LAST) throw new Error(`${path} has ${lines} lines`);
  return first;
}

async function timeAll(server: Server, path: string): Promise<number> {
  const started = performance.now();
  const response = await request(server, path);
  response.resume();
  await once(response, "end");
  return performance.now() - started;
}

async function timeTail(file: string): Promise<number> {
  const started = performance.now();
  const child = spawn("tail", ["-n", String(LAST), file], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "close");
  await once(child.stdout, "data");
  const time = performance.now() - started;
  child.stdout.resume();
  await ended;
  return time;
}

async function searches(ours: Server, express: Server, where: string): Promise<BenchRow[]> {
  await timeSearch(ours, searchPath());
  const measured = {
    ours: quantile(await times(SEARCHES, () => timeSearch(ours, searchPath())), 0.5),
    Express: await timeSearch(express, `/search?q=${encodeURIComponent(Q)}`),
  };
  return rowsOf(measured, {
    what: `search through ${where}`,
    unit: "ms",
    better: "less",
    aim: 1000,
    isJudged: true,
    reference: { "grep -ciF": quantile(await times(SEARCHES, () => timeGrep(ours.file)), 0.5) },
  });
}

export function searchPath(): string {
  return `/api/search?topic=messages&q=${encodeURIComponent(Q)}`;
}

export async function timeSearch(server: Server, path: string): Promise<number> {
  const started = performance.now();
  const response = await request(server, path);
  let text = "";
  for await (const part of response) text += (part as Buffer).toString("latin1");
  const time = performance.now() - started;
  if (text.split(NEEDLE).length !== 2) throw new Error(`${path} does not find the one line: ${text.slice(-500)}`);
  return time;
}

async function timeGrep(file: string): Promise<number> {
  const started = performance.now();
  const { stdout } = await promisify(execFile)("grep", ["-c", "-i", "-F", Q, file], {
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  if (stdout.trim() !== "1") throw new Error(`grep finds ${stdout.trim()} lines`);
  return performance.now() - started;
}

/** Leaves in the middle of a search; how long it is until the server rests, but for what it does each second. */
async function leaving(server: Server): Promise<BenchRow> {
  await untilIdle(server.pid);
  const response = await request(server, searchPath());
  await once(response, "data");
  response.destroy();
  const left = performance.now();
  const looks = [{ at: left, used: await threadsMs(server.pid) }];
  for (let n = 0; n < LOOKS; n += 1) {
    await pause(LOOK_MS);
    looks.push({ at: performance.now(), used: await threadsMs(server.pid) });
  }
  const rest = looks.find((from, n) => {
    const to = looks[n + REST_LOOKS];
    return to !== undefined && to.used - from.used < (to.at - from.at) * REST_SHARE;
  });
  const value = (rest?.at ?? Number.POSITIVE_INFINITY) - left;
  return { area: "dashboard", what: "left in the middle of a search → at rest", value, unit: "ms" };
}

async function times(count: number, task: () => Promise<number>): Promise<number[]> {
  const sample: number[] = [];
  for (let n = 0; n < count; n += 1) sample.push(await task());
  return sample;
}

async function request(server: Server, path: string): Promise<IncomingMessage> {
  const [response] = (await once(get({ host: "127.0.0.1", port: server.port, path }), "response")) as [IncomingMessage];
  if (response.statusCode === 200) return response;
  throw new Error(`${path} is answered ${response.statusCode}`);
}
