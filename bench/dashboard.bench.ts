import type { BenchRow } from "./bench.ts";
import { bigFile } from "./dashboard/big-file.ts";
import { connections, idleness, stalled } from "./dashboard/footprint.ts";
import { burst, delays } from "./dashboard/live.ts";
import { loopWaits } from "./dashboard/loop.ts";
import { FULL } from "./dashboard/sizes.ts";
import type { Sizes } from "./dashboard/sizes.ts";

/**
 * The dashboard, a server of Express with server-sent events, and one of `ws`, each as a process of its own over files
 * of its own, one after another. Those who write and those who receive run on the same cores, so that on two of them
 * the numbers hold their work too.
 */
export async function run(sizes: Sizes = FULL): Promise<BenchRow[]> {
  return [
    // First, before this process has much of others to collect: single answers are timed in it.
    ...(await bigFile(sizes)),
    ...(await delays(sizes)),
    ...(await burst(sizes)),
    ...(await loopWaits(sizes)),
    ...(await connections(sizes)),
    ...(await idleness(sizes)),
    ...(await stalled(sizes)),
  ];
}
