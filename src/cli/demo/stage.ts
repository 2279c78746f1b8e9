import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClaudeSandbox, type Script } from "../../sandbox/claude/claude.ts";
import { GitHubSandbox } from "../../sandbox/github/github.ts";
import { TelegramSandbox } from "../../sandbox/telegram/telegram.ts";
import { freePort } from "./free-port.ts";
import { Program } from "./program.ts";

const BOT = fileURLToPath(new URL("../../supervisor/main.js", import.meta.url));
const BROKER = fileURLToPath(new URL("../../broker/main.js", import.meta.url));
const DASHBOARD = fileURLToPath(new URL("../../dashboard/main.js", import.meta.url));

export interface StageOptions {
  readonly script: Script;
  /** More variables for the bot, or other values. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * The whole system in a temporary directory: our programs as processes of their own, and around them the stand-ins for
 * Telegram, Claude and GitHub on loopback. Nothing of the caller's account, home or environment is seen by them.
 */
export class Stage {
  readonly telegram = new TelegramSandbox();
  readonly claude: ClaudeSandbox;
  readonly github = new GitHubSandbox();
  /** Everything lies below it. */
  readonly root: string;
  readonly dir: string;
  readonly workspace: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #brokerSecret = randomBytes(32).toString("hex");
  #brokerUrl: string | undefined;
  #bot: Program | undefined;
  #broker: Program | undefined;
  #dashboard: Program | undefined;
  #lastOutput = "";

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
    await Promise.all([stage.telegram.start(), stage.claude.start(), stage.github.start()]);
    return stage;
  }

  /** What the bot printed of late. */
  get output(): string {
    return this.#bot?.output ?? this.#lastOutput;
  }

  get botPid(): number | undefined {
    return this.#bot?.pid;
  }

  /** Starts the broker, with a key of the stand-in's App; a bot that starts after it knows it. */
  async startBroker(): Promise<void> {
    const key = join(this.root, "github-app.pem");
    await writeFile(key, this.github.addKey().privateKeyPem, { mode: 0o600 });
    const environment = {
      ...this.#common(),
      GITHUB_APP_ID: String(this.github.appId),
      GITHUB_APP_PRIVATE_KEY_FILE: key,
      GITHUB_API_URL: this.github.url,
      BROKER_SECRET: this.#brokerSecret,
      BROKER_PORT: "0",
    };
    this.#broker = await Program.start({ name: "broker", main: BROKER, cwd: this.root, environment }, (broker) => {
      const port = /"port":(\d+)[^\n]*"listening"/.exec(broker.output)?.[1];
      if (port !== undefined) this.#brokerUrl = `http://127.0.0.1:${port}`;
      return Promise.resolve(port !== undefined);
    });
  }

  /**
   * Starts the dashboard; answers its address. `firstPort`: that one, or the next that is free; 0: any. It shows a bot
   * that is not there yet as well.
   */
  async startDashboard(firstPort = 0): Promise<string> {
    const environment = {
      ...this.#common(),
      TINYCLAW_DIR: this.dir,
      DASHBOARD_PORT: String(firstPort === 0 ? 0 : await freePort(firstPort)),
    };
    const options = { name: "dashboard", main: DASHBOARD, cwd: this.root, environment };
    let port: string | undefined;
    this.#dashboard = await Program.start(options, (dashboard) => {
      port = /"port":(\d+)[^\n]*"listening"/.exec(dashboard.output)?.[1];
      return Promise.resolve(port !== undefined);
    });
    return `http://127.0.0.1:${port}`;
  }

  /** Starts the bot and waits until its workers are ready. Throws `demo_failed` when it ends before. */
  async startBot(): Promise<void> {
    const since = Date.now();
    const environment = this.#botEnvironment();
    this.#bot = await Program.start({ name: "bot", main: BOT, cwd: this.root, environment }, () =>
      this.#isRunning(since),
    );
  }

  /** Ends the bot; resolves with its exit status, null when a signal ended it. */
  async endBot(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const bot = this.#bot;
    if (bot === undefined) return null;
    const status = await bot.end(signal);
    this.#lastOutput = bot.output;
    this.#bot = undefined;
    return status;
  }

  /** Ends everything and removes the directory. */
  async close(): Promise<void> {
    await this.endBot();
    await Promise.all([this.#broker?.end("SIGTERM"), this.#dashboard?.end("SIGTERM")]);
    await Promise.all([this.telegram.stop(), this.claude.stop(), this.github.stop()]);
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  async #isRunning(since: number): Promise<boolean> {
    try {
      const text = await readFile(join(this.dir, "status", "supervisor.json"), "utf8");
      const status = JSON.parse(text) as { state?: unknown; startedAt?: unknown };
      return status.state === "running" && Number(status.startedAt) >= since;
    } catch {
      return false;
    }
  }

  #common(): Record<string, string> {
    const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return { PATH: path, HOME: join(this.root, "home"), LANG: "C.UTF-8" };
  }

  #botEnvironment(): Record<string, string> {
    return {
      ...this.#common(),
      TINYCLAW_DIR: this.dir,
      WORKSPACE_ROOT: this.workspace,
      TELEGRAM_BOT_TOKEN: this.telegram.token,
      TELEGRAM_CHAT_ID: String(this.telegram.chatId),
      TELEGRAM_API_ROOT: this.telegram.url,
      ANTHROPIC_API_KEY: "a-key-of-nobody",
      ANTHROPIC_BASE_URL: this.claude.url,
      CLAUDE_CONFIG_DIR: join(this.root, "home", ".claude"),
      ...(this.#brokerUrl === undefined
        ? {}
        : { CREDENTIAL_BROKER_URL: this.#brokerUrl, BROKER_SECRET: this.#brokerSecret }),
      // The agent refuses to run unasked as root, except in a sandbox; here it is in one.
      ...(process.getuid?.() === 0 ? { IS_SANDBOX: "1" } : {}),
      ...this.#environment,
    };
  }
}
