import type { BenchRow } from "./bench.ts";
import { compare } from "./page/compare.ts";
import { live, older, scrolling } from "./page/logs.ts";
import { opening } from "./page/opening.ts";
import { FULL } from "./page/sizes.ts";
import type { Sizes } from "./page/sizes.ts";
import { CHROMIUM } from "../test/support/chromium.ts";

/**
 * The dashboard's page in a real Chromium without a graphics processor, over a real dashboard. The browser, the
 * dashboard and whoever writes the files share the cores. A longest task of 0 ms: none took 50.
 */
export async function run(sizes: Sizes = FULL): Promise<BenchRow[]> {
  if (CHROMIUM === undefined) {
    console.error("page: not measured, since there is no Chromium: install it, or set CHROMIUM to its path.");
    return [];
  }
  return [
    ...(await opening(sizes)),
    ...(await compare(sizes)),
    ...(await scrolling(sizes)),
    ...(await older(sizes)),
    ...(await live(sizes)),
  ];
}
