/** A stage for bots that die: they may be ordered to, and what they were at work on is held back until the test says. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Stage } from "../../../src/cli/demo/stage.ts";
import type { Script } from "../../../src/sandbox/claude/claude.ts";
import type { User } from "../../../src/sandbox/telegram/telegram.ts";
import { postedIn, readJsonl, waitForPost } from "../../support/bot.ts";
import { eventually, PATIENCE_MS } from "../../support/eventually.ts";
import { Bot, sweepAfter, type BotOptions } from "./bot.ts";
import type { Way } from "./deadly.ts";

export type Thread = "main" | "queue" | "telegram";

/** Before an answer of which the bot cannot know whether it had gone out when it died. */
const REPEATED = "↻ repeated after a restart\n";

export class Ward {
  readonly stage: Stage;
  readonly user: User;
  readonly #orders: string;
  readonly #bots: Bot[] = [];
  readonly #held = new Map<string, { readonly gate: Promise<void>; readonly open: () => void }>();
  #isClosed = false;
  /** What it returns is answered in place of the usual. */
  script: Script | undefined;

  private constructor(stage: Stage, orders: string) {
    this.stage = stage;
    this.#orders = orders;
    this.user = stage.telegram.addUser({ firstName: "Tester" });
    stage.claude.script = async (request) => {
      const said = saidIn(request.userText);
      await this.#held.get(said)?.gate;
      return (await this.script?.(request)) ?? { text: `re: ${said}` };
    };
  }

  static async open(t: TestContext): Promise<Ward> {
    const stage = await Stage.open({ script: () => ({ text: "" }) });
    const orders = join(stage.root, "orders");
    await mkdir(orders);
    const ward = new Ward(stage, orders);
    t.after(async () => {
      const last = ward.#bots.at(-1);
      if ((t as { passed?: boolean }).passed === false && last !== undefined) {
        t.diagnostic(`${last.stderr}${last.stdout.split("\n").slice(-40).join("\n")}`);
      }
      await ward.close();
    });
    return ward;
  }

  /** A bot whose threads can be ordered to die. */
  bot(options: BotOptions = {}): Bot {
    const fixture = new URL(`deadly.js?orders=${this.#orders}`, import.meta.url);
    const environment = { NODE_OPTIONS: `--import=${fixture.href}`, ...options.environment };
    const bot = new Bot(this.stage, { ...options, environment });
    this.#bots.push(bot);
    return bot;
  }

  /** The bot started last. */
  get current(): Bot {
    const bot = this.#bots.at(-1);
    if (bot === undefined) throw new Error("no bot was started");
    return bot;
  }

  /** Has a thread of the bot die; resolves with the time of it, epoch ms, when it is about to. */
  async order(thread: Thread, way: Way): Promise<number> {
    const done = join(this.#orders, `${thread}.done`);
    await rm(done, { force: true });
    const path = join(this.#orders, thread);
    // In one step, for it is looked for all the time.
    await writeFile(`${path}.order`, way);
    await rename(`${path}.order`, path);
    return eventually(
      `the ${thread} thread about to ${way}`,
      async () => Number(await readFile(done, "utf8")) || undefined,
    );
  }

  /** Has a thread die at each of its starts. */
  async atEachStart(thread: Thread, way: Way): Promise<void> {
    await writeFile(join(this.#orders, `${thread}.start`), way);
  }

  /** Answers to this text wait until it is let go. */
  hold(text: string): void {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#held.set(text, { gate, open });
  }

  letGo(text: string): void {
    this.#held.get(text)?.open();
    this.#held.delete(text);
  }

  say(topic: number, text: string): void {
    this.stage.telegram.sendText(topic, this.user, text);
  }

  /** Resolves when Claude has been asked this for the nth time: its turn is in work. */
  async asked(text: string, nth = 1): Promise<void> {
    const { claude } = this.stage;
    const count = (): number =>
      claude.requests.filter(({ side, script }) => !side && script.step === 0 && saidIn(script.userText) === text)
        .length;
    await claude.waitFor(() => count() >= nth, { timeoutMs: PATIENCE_MS });
  }

  async answered(topic: number, text: string): Promise<void> {
    await waitForPost(this.stage, topic, new RegExp(`(^|\n)re: ${text}$`));
  }

  /** What was posted in answer to this text, and how often it was posted with the word that it may stand there twice. */
  answersTo(topic: number, text: string): { readonly answers: number; readonly repeats: number } {
    const posts = postedIn(this.stage, topic).filter((post) => post.replace(REPEATED, "") === `re: ${text}`);
    const repeats = posts.filter((post) => post.startsWith(REPEATED)).length;
    return { answers: posts.length, repeats };
  }

  /** For each try at this text, whether its agent was told that an earlier one was cut off. */
  async triesOf(text: string): Promise<boolean[]> {
    const prompts = await readJsonl(this.stage, "logs", "prompts.jsonl");
    return prompts
      .filter(({ userMessage }) => userMessage === text)
      .map(({ prompt }) => String(prompt).includes("an earlier try at this message was cut off"));
  }

  /** The next call of this method is not answered and has no effect; resolves when it has come. */
  swallow(method: string): Promise<void> {
    let tell = (): void => undefined;
    const come = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const match = (): boolean => {
      tell();
      return true;
    };
    this.stage.telegram.order({ method, match, fault: { kind: "delay", ms: Infinity } });
    return come;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const text of this.#held.keys()) this.letGo(text);
    for (const bot of this.#bots) {
      if (!bot.hasEnded) bot.kill("SIGKILL");
      await bot.ended;
    }
    await sweepAfter(this.stage);
    await this.stage.close();
  }
}

/** What the user said, in the prompt that it came in. */
function saidIn(prompt: string): string {
  return /\]: ([^\n]*)$/.exec(prompt)?.[1] ?? "";
}
