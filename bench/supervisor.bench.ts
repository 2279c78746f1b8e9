import type { BenchRow } from "./bench.ts";
import { crashes } from "./supervisor/crash.ts";
import { footprint } from "./supervisor/footprint.ts";
import { measureLogLine } from "./supervisor/log-line.ts";
import { row } from "./supervisor/rows.ts";
import { FULL } from "./supervisor/sizes.ts";
import type { Sizes } from "./supervisor/sizes.ts";
import { ends, stalls } from "./supervisor/stalls.ts";

const MOST_LINE_US = 10;

/**
 * The bot, and what it took the place of: a shell entrypoint that starts two programs, one a worker, and ends with the
 * first of them, to be started again as a whole. Both do the same work, on the same machine, one after the other.
 */
export async function run(sizes: Sizes = FULL): Promise<BenchRow[]> {
  return [
    ...(await crashes(sizes)),
    ...(await stalls(sizes)),
    ...(await ends(sizes)),
    ...(await footprint(sizes)),
    ...(await logLine()),
  ];
}

async function logLine(): Promise<BenchRow[]> {
  const { usPerLine, usBareWrite } = await measureLogLine();
  return [
    row({ what: "a line of the log", unit: "µs", most: MOST_LINE_US }, usPerLine),
    row({ what: "a line of the log: a bare write of the same bytes", unit: "µs" }, usBareWrite),
  ];
}
