import { readFile } from "node:fs/promises";
import path from "node:path";
import { route } from "../src/workers/router/router.ts";
import { repositoryRoot } from "../test/support/root.ts";
import { mean, quantile } from "./bench.ts";
import type { BenchRow } from "./bench.ts";

const WARM_UP_ROUNDS = 20;
const ROUNDS = 21;
const TARGET_P99_US = 50;

/**
 * µs a message over the 500 chat messages of `messages.json`, each timed alone, after the compiler has warmed up. A
 * message counts with the median of its rounds, so that the quantiles tell of messages and not of a busy machine.
 */
export async function run(): Promise<BenchRow[]> {
  const file = path.join(repositoryRoot, "bench", "messages.json");
  const messages = JSON.parse(await readFile(file, "utf8")) as string[];
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) timeAll(messages);
  const rounds = Array.from({ length: ROUNDS }, () => timeAll(messages));
  const times = messages.map((_, index) =>
    quantile(
      rounds.map((round) => round[index] ?? Number.NaN),
      0.5,
    ),
  );
  const p99 = quantile(times, 0.99);
  const area = "router";
  return [
    { area, what: "a message, mean", value: mean(times), unit: "µs" },
    { area, what: "a message, p50", value: quantile(times, 0.5), unit: "µs" },
    { area, what: "a message, p99", value: p99, unit: "µs", target: `≤ ${TARGET_P99_US}`, ok: p99 <= TARGET_P99_US },
  ];
}

function timeAll(messages: readonly string[]): number[] {
  return messages.map((text) => {
    const started = process.hrtime.bigint();
    route({ text });
    return Number(process.hrtime.bigint() - started) / 1000;
  });
}
