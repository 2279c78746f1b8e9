import type { BenchRow } from "../bench.ts";
import { quantile } from "../bench.ts";
import type { Sizes } from "./sizes.ts";
import { Bench, until } from "./window.ts";

const MAX_KIB = 100;
const MAX_FIRST_MS = 500;

const VIEWS = ["overview", "feed", "thread", "routing", "prompts", "system", "logs"];
const FETCHED = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(({ name }) => !name.includes("/api/"))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;

/** What is fetched for a view to be there, and when there is something to be seen. */
export function opening({ openings }: Sizes): Promise<BenchRow[]> {
  return Bench.use(
    () => Promise.resolve(),
    async (bench) => {
      const firsts: number[] = [];
      for (let n = 0; n < openings; n += 1) {
        const { page, context } = await bench.open("#/overview");
        await until(page, "performance.getEntriesByName('first-contentful-paint').length > 0");
        firsts.push(await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime"));
        await context.close();
      }
      const sizes: number[] = [];
      for (const view of VIEWS) {
        const { page, context } = await bench.open(`#/${view}`);
        await page.locator(`main.${view} h2, main.${view} h3`).first().waitFor();
        await until(page, "performance.now() > 1000");
        sizes.push((await page.evaluate<number>(FETCHED)) / 1024);
        await context.close();
      }
      const heaviest = Math.max(...sizes);
      const first = quantile(firsts, 0.5);
      return [
        {
          area: "page",
          what: `size with its heaviest view (${VIEWS[sizes.indexOf(heaviest)]}), gzipped`,
          value: heaviest,
          unit: "KiB",
          target: `≤ ${MAX_KIB}`,
          ok: heaviest <= MAX_KIB,
        },
        { area: "page", what: "size as it is opened first, gzipped", value: sizes[0] ?? Number.NaN, unit: "KiB" },
        {
          area: "page",
          what: "first content, from nothing",
          value: first,
          unit: "ms",
          target: `≤ ${MAX_FIRST_MS}`,
          ok: first <= MAX_FIRST_MS,
        },
      ];
    },
  );
}
