/** Where ours and the older design run: each on a stage of its own, before a Telegram that holds polls as the real one. */
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareQueue } from "../../src/core/queue/file-queue.ts";
import { TelegramSandbox } from "../../src/sandbox/telegram/telegram.ts";
import { Program } from "./program.ts";
import type { Line } from "./program.ts";

const BOT = fileURLToPath(new URL("../../src/supervisor/main.js", import.meta.url));
const HALF = fileURLToPath(new URL("./half.js", import.meta.url));
const ORDERS = new URL("./orders.js", import.meta.url);

/** Two programs, and when one ends, the other is ended and all begins anew: `$1` Node, `$2` the program. */
const ENTRYPOINT = `
"$1" "$2" queue & "$1" "$2" telegram &
trap 'kill $(jobs -p); wait; exit 0' TERM
wait -n
kill $(jobs -p)
wait
exit 1`;
/** Docker's part, without the pauses that it makes: what is compared is the restart alone. `$3`: the entrypoint. */
const ENDLESS = `
trap 'kill $!; wait; exit 0' TERM
while :; do bash -c "$3" entrypoint "$1" "$2" 2>/dev/null & wait $!; done`;

/** Both halves of the older design, as they are now. */
export type Halves = Readonly<Record<"queue" | "telegram", Line>>;

export class Stage {
  readonly telegram = new TelegramSandbox();
  readonly #root: string;
  readonly #programs: Program[] = [];

  private constructor(root: string) {
    this.#root = root;
  }

  static async use<T>(task: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), "tinyclaw-bench-")));
    try {
      await stage.telegram.start();
      return await task(stage);
    } finally {
      await Promise.all(stage.#programs.map((program) => program.end()));
      await stage.telegram.stop();
      await rm(stage.#root, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** What any program here is started with. */
  get environment(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.#root,
      TINYCLAW_DIR: join(this.#root, "data"),
      WORKSPACE_ROOT: join(this.#root, "workspace"),
      TELEGRAM_BOT_TOKEN: this.telegram.token,
      TELEGRAM_CHAT_ID: String(this.telegram.chatId),
      TELEGRAM_API_ROOT: this.telegram.url,
      ANTHROPIC_API_KEY: "a-key-of-nobody",
      IS_SANDBOX: "1",
    };
  }

  /** Our bot, all of it ready; `obeying` the benchmark, or as it is in earnest. */
  async bot(how: "obeying" | "plain"): Promise<Program> {
    const flags = how === "obeying" ? ["--import", ORDERS.href] : [];
    const bot = this.#start([process.execPath, ...flags, BOT]);
    await bot.line(({ source, msg }) => source === "supervisor" && msg === "running");
    await this.telegram.waitForPoll();
    return bot;
  }

  /** The older design, all of it ready. */
  async older(): Promise<{ program: Program; halves: Halves }> {
    await mkdir(this.environment["TINYCLAW_DIR"] ?? "", { recursive: true });
    await prepareQueue(join(this.environment["TINYCLAW_DIR"] ?? "", "queue"));
    const program = this.#start(["bash", "-c", ENDLESS, "docker", process.execPath, HALF, ENTRYPOINT]);
    const halves = await bothReady(program, 0);
    await this.telegram.waitForPoll();
    return { program, halves };
  }

  #start(words: readonly [string, ...string[]]): Program {
    const program = new Program(words, this.#root, this.environment);
    this.#programs.push(program);
    return program;
  }
}

/** Resolves when both halves have begun, after the first `from` lines. */
export async function bothReady(program: Program, from: number): Promise<Halves> {
  const ready = (half: string): Promise<Line> =>
    program.line(({ source, msg, pid }) => source === half && msg === "ready" && pid !== undefined, from);
  const [queue, telegram] = await Promise.all([ready("queue"), ready("telegram")]);
  return { queue, telegram };
}
