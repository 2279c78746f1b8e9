/** The page in a real Chromium, over a real dashboard that reads files of the test's own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import axe from "axe-core";
import { pino } from "pino";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { systemClock } from "../../src/core/clock.ts";
import { JsonlWriter } from "../../src/core/jsonl.ts";
import { readDashboardConfig } from "../../src/dashboard/config.ts";
import { Dashboard } from "../../src/dashboard/dashboard.ts";
import { TOPICS } from "../../src/dashboard/topics.ts";
import type { Topic } from "../../src/dashboard/topics.ts";
import { CHROMIUM, CHROMIUM_FLAGS } from "../support/chromium.ts";
import { needs } from "../support/needs.ts";

/** Long enough for a loaded machine. */
const PATIENCE_MS = 20_000;
const POLL_MS = 50;

/** For `test(title, { skip: noBrowser }, …)`. */
export const noBrowser: string | false = needs(
  CHROMIUM !== undefined,
  "there is no Chromium: install Debian's chromium, or set CHROMIUM to the path of one",
);

/** One for all tests of a file. */
let launched: Promise<Browser> | undefined;
after(async () => {
  await (await launched)?.close();
});

export interface RigOptions {
  /** Of the window, CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "dark" | "light";
  /** What may be said on the console, such as that a server is gone that a test has stopped. */
  readonly expected?: RegExp | undefined;
  /** Writes the files that lie there before the dashboard starts. */
  readonly seed?: (files: Files) => Promise<unknown>;
}

/** What the bot leaves behind, written as the bot writes it. */
export class Files {
  readonly #writers = new Map<Topic, Promise<JsonlWriter>>();
  /** `dir`: `.tinyclaw/`. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Records at the end of a topic's file. */
  async write(topic: Topic, ...records: readonly object[]): Promise<void> {
    let writer = this.#writers.get(topic);
    if (writer === undefined) {
      writer = JsonlWriter.open(join(this.dir, TOPICS[topic].file), { durable: false });
      this.#writers.set(topic, writer);
    }
    const opened = await writer;
    await Promise.all(records.map((record) => opened.append({ ...record })));
  }

  /** A file of any name, whole at once, with its folders; what is no text is written as JSON. */
  async put(name: string, content: string | object): Promise<void> {
    const path = join(this.dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, typeof content === "string" ? content : JSON.stringify(content));
    await rename(`${path}.new`, path);
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) await (await writer).close();
  }
}

export interface Rig {
  readonly page: Page;
  /** Without a slash at its end. */
  readonly url: string;
  readonly dir: string;
  readonly files: Files;
  readonly write: Files["write"];
  readonly put: Files["put"];
  /** Loads the page anew at an address such as `#/feed?thread=5`, and waits until it is connected. */
  readonly open: (hash: string) => Promise<void>;
  readonly stopServer: () => Promise<void>;
  /** At the same port. */
  readonly startServer: () => Promise<void>;
  /** Fails with what axe-core finds in the page as it is. */
  readonly assertAccessible: () => Promise<void>;
}

/**
 * A window of its own over a directory of its own. When the test ends, it fails if the console told of an error or a
 * warning, a script threw, or the content policy was violated.
 */
export async function openRig(t: TestContext, options: RigOptions = {}): Promise<Rig> {
  const { width = 1280, height = 800, theme = "dark", expected, seed } = options;
  const home = await mkdtemp(join(tmpdir(), "tinyclaw-browser-"));
  const dir = join(home, ".tinyclaw");
  const files = new Files(dir);
  await mkdir(dir, { recursive: true });
  // What the seed says of now would be old when the first browser has started.
  await browser();
  await seed?.(files);
  const port = await freePort();
  let dashboard: Dashboard | undefined = await startDashboard(dir, port);
  const url = `http://127.0.0.1:${port}`;
  const { page, context, problems } = await openWindow(t, { width, height, theme, expected });
  t.after(async () => {
    await context.close();
    await dashboard?.stop();
    await files.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
    assert.deepEqual(problems, [], "the page reports no error");
  });
  return {
    page,
    url,
    dir,
    files,
    write: (topic, ...records) => files.write(topic, ...records),
    put: (name, content) => files.put(name, content),
    async open(hash) {
      // The same address with another hash would not load the page again.
      await page.goto("about:blank");
      await page.goto(`${url}/${hash}`);
      await page.locator("#connection.good").waitFor();
    },
    async stopServer() {
      await dashboard?.stop();
      dashboard = undefined;
    },
    async startServer() {
      dashboard = await startDashboard(dir, port);
    },
    assertAccessible: () => assertAccessible(page),
  };
}

export interface Window {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page told of that it should not have. */
  readonly problems: readonly string[];
}

/** A window of its own, closed when the test ends. */
export async function openWindow(
  t: Pick<TestContext, "after">,
  { width = 1280, height = 800, theme = "dark", expected }: Omit<RigOptions, "seed">,
): Promise<Window> {
  const context = await (
    await browser()
  ).newContext({ viewport: { width, height }, colorScheme: theme, locale: "en-GB", timezoneId: "UTC" });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const problems = await watch(page, expected);
  t.after(() => context.close());
  return { page, context, problems };
}

/**
 * `when`, an expression, is looked at in the page until it is true. Rejects with `what` when it does not become so. Asked
 * from here each time: a page that waits by itself would be stopped by the content policy.
 */
export async function until(page: Page, what: string, when: string | (() => unknown)): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    // While it is being loaded there is nothing to look at.
    const found = await page.evaluate(when).catch((error: unknown) => error);
    if (found !== undefined && found !== null && found !== false && !(found instanceof Error)) return;
    if (Date.now() > end) throw new Error(`${what}: it did not come to that (${String(found)})`);
    await pause(POLL_MS);
  }
}

function browser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("There is no Chromium, and with CI=true there must be: install it.");
  launched ??= chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  return launched;
}

/** Of one that was chosen by the system itself, the engine does not let go while a browser holds connections to it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function startDashboard(dir: string, port: number): Promise<Dashboard> {
  const environment = { TINYCLAW_DIR: dir, DASHBOARD_PORT: String(port), HOST_PROC: "/proc" };
  const config = readDashboardConfig(environment);
  return Dashboard.start({ config, version: "0.0.0", clock: systemClock, log: pino({ level: "silent" }) });
}

async function watch(page: Page, expected: RegExp | undefined): Promise<string[]> {
  const problems: string[] = [];
  const tell = (text: string): void => {
    if (expected?.test(text) !== true) problems.push(text);
  };
  page.on("pageerror", (error) => tell(`thrown: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) tell(`${message.type()}: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    tell(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(`addEventListener("securitypolicyviolation", (event) => {
    console.error("content policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample);
  });`);
  return problems;
}

async function assertAccessible(page: Page): Promise<void> {
  // Evaluated by the debugger's door: the content policy would not let a script tag in.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: loaded } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await loaded.run();
    return violations.map(({ id, nodes }) => ({
      id,
      where: nodes.slice(0, 3).map((node) => [node.html, node.failureSummary]),
    }));
  });
  assert.deepEqual(found, [], "axe-core finds nothing");
}
