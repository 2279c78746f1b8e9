import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRow } from "../bench.ts";
import { mean } from "../bench.ts";
import type { Sizes } from "./sizes.ts";
import { Bench, heap, longestTask, until } from "./window.ts";

const LONGEST_MS = 50;
const MOST_ROWS = 200;
const TOLERANCE = 10;
const BATCH_MS = 100;
const SAMPLE_MS = 5_000;
const START = Date.UTC(2026, 0, 1);

/** Line n of a log, as pino writes it. */
function line(n: number): string {
  const level = n % 100 === 0 ? 50 : n % 25 === 0 ? 40 : 30;
  const fields = { threadId: (n % 9) + 1, messageId: `u${n}`, attempt: 1, reason: "the agent has ended its turn" };
  return `${JSON.stringify({ level, time: START + n, source: "queue", ...fields, msg: `message ${n} was claimed` })}\n`;
}

function lines(first: number, count: number): string {
  let text = "";
  for (let n = first; n < first + count; n += 1) text += line(n);
  return text;
}

async function withLog<T>(dir: string, task: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path.join(dir, "logs", "queue.log"), "a");
  try {
    return await task(file);
  } finally {
    await file.close();
  }
}

function longest(what: string, value: number): BenchRow {
  return { area: "page", what, value, unit: "ms", target: `≤ ${LONGEST_MS}`, ok: value <= LONGEST_MS };
}

/** Draws rows of the list as the view of the logs does, and goes through all of them, in steps and in leaps. */
const SCROLL = (rows: number, steps: number): string => `(async () => {
  const { VirtualList } = await import("/virtual-list.js");
  const { drawLine } = await import("/views/logs-line.js");
  const items = Array.from({ length: ${rows} }, (_, n) => n);
  const list = new VirtualList({
    label: "Rows",
    rowHeight: 20,
    keyOf: String,
    draw(n, element) {
      element.classList.add("log-row");
      const row = { cursor: String(n), level: n % 100 === 0 ? 50 : 30, time: ${START} + n, threadId: 5, msg: "message " + n };
      drawLine(element, { row, source: "queue", time: row.time, hasSource: true }, () => [[0, 7]]);
    },
  });
  document.querySelector("main").replaceChildren(list.element);
  list.isFollowing = false;
  list.show(items);
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  // Languages and times are made ready with the first rows, once for all.
  await new Promise((resolve) => setTimeout(resolve, 500));
  longTasks.length = 0;
  let most = 0;
  for (let step = 0; step <= ${steps}; step += 1) {
    // Nine small steps as a wheel makes them, then a leap as a dragged bar does.
    const whole = list.element.scrollHeight - list.element.clientHeight;
    list.element.scrollTop = Math.round((Math.floor(step / 10) / (${steps} / 10)) * whole) + (step % 10) * 120;
    await frame();
    most = Math.max(most, document.querySelectorAll(".row").length);
  }
  await frame();
  return { most, last: list.space.lastElementChild?.dataset.key, reached: list.element.scrollTop };
})()`;

export function scrolling({ rows, steps }: Sizes): Promise<BenchRow[]> {
  return Bench.use(
    () => Promise.resolve(),
    async (bench) => {
      const { page } = await bench.open("#/nothing");
      const { most } = await page.evaluate<{ most: number }>(SCROLL(rows, steps));
      return [
        longest(`longest task while ${rows} log rows are scrolled through`, await longestTask(page)),
        {
          area: "page",
          what: "rows in the document meanwhile",
          value: most,
          unit: "rows",
          target: `≤ ${MOST_ROWS}`,
          ok: most <= MOST_ROWS,
        },
      ];
    },
  );
}

/** The view itself, which fetches older lines as its reader scrolls up. */
export function older({ rows, pages }: Sizes): Promise<BenchRow[]> {
  const seed = (dir: string): Promise<void> =>
    withLog(dir, async (file) => {
      for (let n = 0; n < rows; n += 10_000) await file.write(lines(n, Math.min(10_000, rows - n)));
    });
  return Bench.use(seed, async (bench) => {
    const { page } = await bench.open("#/logs/queue");
    await page.locator(".log-row").first().waitFor();
    await longestTask(page);
    const begun = performance.now();
    for (let n = 0; n < pages; n += 1) {
      const before = await page.locator(".log-state").textContent();
      await page.evaluate("document.querySelector('.virtual').scrollTop = 0");
      await until(
        page,
        `(() => { const { textContent } = document.querySelector(".log-state");
          return textContent !== "Reading…" && textContent !== ${JSON.stringify(before)}; })()`,
      );
    }
    const ms = (performance.now() - begun) / pages;
    return [
      longest(`longest task while ${pages} pages of older lines are fetched, of ${rows}`, await longestTask(page)),
      { area: "page", what: "500 older lines, from scrolling to seeing", value: ms, unit: "ms" },
    ];
  });
}

/** Lines as they come, for long. */
export function live({ live: { linesPerSecond, seconds, fullAfter } }: Sizes): Promise<BenchRow[]> {
  return Bench.use(
    (dir) => withLog(dir, (file) => file.write(line(0))),
    async (bench) => {
      const { page, debug } = await bench.open("#/logs/queue");
      await page.locator(".log-row").first().waitFor();
      const perBatch = Math.round((linesPerSecond * BATCH_MS) / 1_000);
      const samples: number[] = [];
      let written = 1;
      await withLog(bench.dir, async (file) => {
        const begun = performance.now();
        let sampleAt = fullAfter * 1_000;
        for (let batch = 0; batch * BATCH_MS < seconds * 1_000; batch += 1) {
          await file.write(lines(written, perBatch));
          written += perBatch;
          if (batch * BATCH_MS >= sampleAt) {
            if (samples.length === 0) await longestTask(page);
            samples.push(await heap(debug));
            sampleAt += Math.min(SAMPLE_MS, (seconds * 1_000) / 10);
          }
          await pause(Math.max(0, begun + (batch + 1) * BATCH_MS - performance.now()));
        }
      });
      await page.locator(".log-row", { hasText: `message ${written - 1} was claimed` }).waitFor();
      const middle = mean(samples);
      const off = Math.max(...samples.map((sample) => Math.abs(sample / middle - 1))) * 100;
      const what = `${linesPerSecond} lines a second for ${seconds} s`;
      return [
        { area: "page", what: `heap with ${what}`, value: middle / 2 ** 20, unit: "MiB" },
        {
          area: "page",
          what: `furthest that the heap is from its mean, ${what}`,
          value: off,
          unit: "%",
          target: `≤ ${TOLERANCE}`,
          ok: off <= TOLERANCE,
        },
        longest(`longest task with ${what}, the heap's sweeps among them`, await longestTask(page)),
      ];
    },
  );
}
