import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { BenchRow } from "../bench.ts";
import { quantile } from "../bench.ts";
import type { Sizes } from "./sizes.ts";
import { Bench, longestTask } from "./window.ts";

const MAX_MS = 300;
const LONGEST_MS = 50;
/** One line in so many is another one in the second prompt. */
const CHANGED = 20;

function prompt(id: string, length: number, isChanged: boolean): string {
  let text = "";
  for (let n = 0; text.length < length; n += 1) {
    const word = isChanged && n % CHANGED === 0 ? "another" : "the same";
    text += `${n}: the agent was told of ${word} thing, and answered at length about what it had found\n`;
  }
  const record = { timestamp: Date.now(), threadId: 5, messageId: id, model: "opus", systemPrompt: "Be brief." };
  const rest = {
    userMessage: "again",
    prompt: text,
    historyInjected: true,
    historyLines: 9,
    promptLength: text.length,
  };
  return `${JSON.stringify({ ...record, ...rest })}\n`;
}

/** From the address to the last thing that is drawn of the comparison. */
const COMPARE = `(async () => {
  let last = 0;
  const observer = new MutationObserver(() => { if (document.querySelector(".diff *") !== null) last = performance.now(); });
  observer.observe(document.querySelector("main"), { childList: true, subtree: true });
  const start = performance.now();
  location.hash = "#/prompts?a=a1&b=b1";
  while (last === 0 || performance.now() - last < 400) await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  return { ms: last - start, elements: document.querySelectorAll(".diff *").length };
})()`;

/** Two prompts side by side. */
export function compare({ prompt: { length, rounds } }: Sizes): Promise<BenchRow[]> {
  const seed = (dir: string): Promise<void> =>
    writeFile(path.join(dir, "logs", "prompts.jsonl"), prompt("a1", length, false) + prompt("b1", length, true));
  return Bench.use(seed, async (bench) => {
    const times: number[] = [];
    let longest = 0;
    for (let n = 0; n < rounds; n += 1) {
      const { page, context } = await bench.open("#/prompts");
      await longestTask(page);
      const { ms, elements } = await page.evaluate<{ ms: number; elements: number }>(COMPARE);
      if (elements < 10) throw new Error("the comparison of two prompts was not drawn");
      times.push(ms);
      longest = Math.max(longest, await longestTask(page));
      await context.close();
    }
    const what = `two prompts of ${Math.round(length / 1024)} KiB`;
    const time = quantile(times, 0.5);
    return [
      {
        area: "page",
        what: `${what} compared and drawn`,
        value: time,
        unit: "ms",
        target: `≤ ${MAX_MS}`,
        ok: time <= MAX_MS,
      },
      {
        area: "page",
        what: `longest task with ${what}`,
        value: longest,
        unit: "ms",
        target: `≤ ${LONGEST_MS}`,
        ok: longest <= LONGEST_MS,
      },
    ];
  });
}
