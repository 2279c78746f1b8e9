import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../core/clock.ts";
import { ClaudeSandbox, type Script } from "../../sandbox/claude/claude.ts";
import { TelegramSandbox } from "../../sandbox/telegram/telegram.ts";
import { CliError } from "../errors.ts";

const BOT = fileURLToPath(new URL("../../supervisor/main.js", import.meta.url));
const KEPT_OUTPUT = 200_000;

export interface StageOptions {
  readonly script: Script;
  /** More variables for the bot, or other values. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * The whole system in a temporary directory: the bot as a process of its own, and around it the stand-ins for Telegram
 * and Claude on loopback. Nothing of the caller's account, home or environment is seen by it.
 */
export class Stage {
  readonly telegram = new TelegramSandbox();
  readonly claude: ClaudeSandbox;
  /** Everything lies below it. */
  readonly root: string;
  readonly dir: string;
  readonly workspace: string;
  readonly #environment: Readonly<Record<string, string>>;
  #bot: ChildProcess | undefined;
  #output = "";

  private constructor(root: string, options: StageOptions) {
    this.root = root;
    this.dir = join(root, "data");
    this.workspace = join(root, "workspace");
    this.claude = new ClaudeSandbox({ script: options.script });
    this.#environment = options.environment ?? {};
  }

  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), "tinyclaw-")), options);
    await mkdir(join(stage.root, "home"), { recursive: true });
    await Promise.all([stage.telegram.start(), stage.claude.start()]);
    return stage;
  }

  /** What the bot printed of late. */
  get output(): string {
    return this.#output;
  }

  get botPid(): number | undefined {
    return this.#bot?.pid;
  }

  /** Starts the bot and waits until its workers are ready. Throws `demo_failed` when it ends before. */
  async startBot(timeoutMs = 60_000): Promise<void> {
    const since = Date.now();
    const bot = spawn(process.execPath, ["--enable-source-maps", BOT], {
      cwd: this.root,
      env: this.#botEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#bot = bot;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-KEPT_OUTPUT);
    };
    bot.stdout.on("data", keep);
    bot.stderr.on("data", keep);
    while (!(await this.#isRunning(since))) {
      if (bot.exitCode !== null || Date.now() - since > timeoutMs) {
        throw new CliError(
          "demo_failed",
          `The bot did not start (status ${bot.exitCode}). Its last words:\n${this.#output}`,
        );
      }
      await systemClock.sleep(50);
    }
  }

  /** Ends the bot; resolves with its exit status, null when a signal ended it. */
  async endBot(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const bot = this.#bot;
    if (bot === undefined) return null;
    if (bot.exitCode === null && bot.signalCode === null) {
      bot.kill(signal);
      await once(bot, "exit");
    }
    this.#bot = undefined;
    return bot.exitCode;
  }

  /** Ends everything and removes the directory. */
  async close(): Promise<void> {
    await this.endBot();
    await Promise.all([this.telegram.stop(), this.claude.stop()]);
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  async #isRunning(since: number): Promise<boolean> {
    try {
      const status = JSON.parse(await readFile(join(this.dir, "status", "supervisor.json"), "utf8")) as {
        state?: unknown;
        startedAt?: unknown;
      };
      return status.state === "running" && Number(status.startedAt) >= since;
    } catch {
      return false;
    }
  }

  #botEnvironment(): Record<string, string> {
    const home = join(this.root, "home");
    return {
      PATH: this.#searchPath(),
      HOME: home,
      LANG: "C.UTF-8",
      TINYCLAW_DIR: this.dir,
      WORKSPACE_ROOT: this.workspace,
      TELEGRAM_BOT_TOKEN: this.telegram.token,
      TELEGRAM_CHAT_ID: String(this.telegram.chatId),
      TELEGRAM_API_ROOT: this.telegram.url,
      ANTHROPIC_API_KEY: "sandbox",
      ANTHROPIC_BASE_URL: this.claude.url,
      CLAUDE_CONFIG_DIR: join(home, ".claude"),
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      // The agent refuses to run unasked as root, except in a sandbox; here it is in one.
      ...(process.getuid?.() === 0 ? { IS_SANDBOX: "1" } : {}),
      ...this.#environment,
    };
  }

  #searchPath(): string {
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  }
}
