/** A dashboard over files of its own, and the page in a real Chromium. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_FLAGS } from "../../test/support/chromium.ts";

const MAIN = fileURLToPath(new URL("../../src/dashboard/main.js", import.meta.url));
const PATIENCE_MS = 60_000;
const SIZE = { width: 1280, height: 800 };

/** A task's length is told in whole milliseconds or so; what takes 50 ms and more is told of. */
const WATCH = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask", buffered: true });
`;

/** A folder of data with a dashboard over it and a browser before it, all gone afterwards. */
export class Bench {
  readonly dir: string;
  readonly #home: string;
  readonly #browser: Browser;
  #dashboard: ChildProcess | undefined;
  #url = "";

  private constructor(home: string, browser: Browser) {
    this.#home = home;
    this.dir = path.join(home, ".tinyclaw");
    this.#browser = browser;
  }

  /** `seed` writes the files before the dashboard starts. */
  static async use<T>(seed: (dir: string) => Promise<unknown>, task: (bench: Bench) => Promise<T>): Promise<T> {
    if (CHROMIUM === undefined) throw new Error("There is no Chromium: install it, or set CHROMIUM to its path.");
    const home = await mkdtemp(path.join(tmpdir(), "tinyclaw-page-"));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    const bench = new Bench(home, browser);
    try {
      await mkdir(path.join(bench.dir, "logs"), { recursive: true });
      await seed(bench.dir);
      await bench.#start();
      return await task(bench);
    } finally {
      await browser.close();
      await bench.#stop();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** A window that has seen nothing yet, at an address such as `#/logs`. */
  async open(hash: string): Promise<{ page: Page; context: BrowserContext; debug: CDPSession }> {
    const context = await this.#browser.newContext({ viewport: SIZE });
    const page = await context.newPage();
    await page.addInitScript(WATCH);
    await page.goto(`${this.#url}/${hash}`);
    await page.locator("#connection.good").waitFor();
    return { page, context, debug: await context.newCDPSession(page) };
  }

  async #start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN], {
      cwd: this.#home,
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] ?? "", TINYCLAW_DIR: this.dir, DASHBOARD_PORT: "0" },
    });
    this.#dashboard = child;
    let output = "";
    this.#url = await new Promise((resolve, reject) => {
      child.stdout.on("data", (part: Buffer) => {
        output += part.toString("utf8");
        const port = /"port":(\d+)/.exec(output)?.[1];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
      });
      child.once("close", () => {
        reject(new Error(`the dashboard of the benchmark ended: ${output}`));
      });
    });
  }

  async #stop(): Promise<void> {
    const child = this.#dashboard;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
  }
}

/** The longest task since the last look, ms; those below 50 are not told of and count as 0. */
export async function longestTask(page: Page): Promise<number> {
  const tasks = await page.evaluate<number[]>("longTasks.splice(0)");
  return Math.max(0, ...tasks);
}

/** Resolves when the expression is true. A text may be evaluated by the debugger alone: the page's policy forbids it. */
export async function until(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await page.evaluate<boolean>(expression));) {
    if (Date.now() > end) throw new Error(`the page did not come to this: ${expression}`);
    await pause(20);
  }
}

/** Bytes that the page's scripts hold once what nobody needs is gone. */
export async function heap(debug: CDPSession): Promise<number> {
  await debug.send("HeapProfiler.collectGarbage");
  const { usedSize } = await debug.send("Runtime.getHeapUsage");
  return usedSize;
}
