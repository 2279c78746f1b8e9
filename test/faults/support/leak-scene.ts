/** A bot whose agents are at work, with children in sessions of their own, when it or its worker dies. */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { markOf } from "../../../src/core/agent-marker.ts";
import type { RunAs } from "../../../src/core/config.ts";
import type { ScriptRequest, Turn } from "../../../src/sandbox/claude/claude.ts";
import { eventually } from "../../support/eventually.ts";
import { readStatus, type Bot } from "./bot.ts";
import type { Way } from "./deadly.ts";
import { isLeft, processes, type Seen } from "./leak-processes.ts";
import { Ward } from "./ward.ts";

/** As compose.yaml leaves root to the bot: no right over the files and processes of others, but to end them. */
const CONFINED = ["setpriv", "--bounding-set=-all,+setuid,+setgid,+kill", "--inh-caps=-all", "--no-new-privs"];

/** Commands that an agent leaves running, each in another way, and one that it waits for. */
const CHILDREN = (seconds: number): string => `
sleep ${seconds} &
setsid sleep ${seconds} &
nohup sleep ${seconds} >/dev/null 2>&1 &
(setsid nohup sleep ${seconds} >/dev/null 2>&1 &)
sleep ${seconds}
`;
const CHILDREN_EACH = 5;

export interface SceneOptions {
  /** User of the agents; undefined: the bot's. */
  readonly runAs?: RunAs;
  readonly isConfined?: boolean;
}

export class Scene {
  readonly ward: Ward;
  readonly topics: readonly number[];
  /** What the bot's agents and all that they start are marked with. */
  readonly mark: string;
  readonly #options: SceneOptions;
  readonly #script: string;
  /** By which the commands of this scene are known: nobody else sleeps just as long. */
  readonly #seconds: number;

  private constructor(ward: Ward, mark: string, options: SceneOptions) {
    this.ward = ward;
    this.mark = mark;
    this.#options = options;
    this.#script = join(ward.stage.root, "children.sh");
    this.#seconds = randomInt(1_000_000, 100_000_000);
    this.topics = ["One", "Two"].map((name) => ward.stage.telegram.createTopic(name));
    ward.script = (request) => this.#play(request);
  }

  static async open(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
    const ward = await Ward.open(t);
    const { root, dir, workspace } = ward.stage;
    for (const path of [dir, workspace, join(root, "agents")]) await mkdir(path);
    if (options.runAs !== undefined) {
      const { uid, gid } = options.runAs;
      await chmod(root, 0o711);
      for (const path of [workspace, join(root, "agents")]) await chown(path, uid, gid);
    }
    const { dev, ino, birthtimeNs } = await stat(dir, { bigint: true });
    const scene = new Scene(ward, markOf(`${dev}-${ino}-${birthtimeNs}`), options);
    await writeFile(scene.#script, CHILDREN(scene.#seconds), { mode: 0o644 });
    t.after(() => {
      for (const { pid } of scene.sleepers()) process.kill(pid, "SIGKILL");
    });
    return scene;
  }

  /** Starts the bot; resolves when its workers run. */
  async start(): Promise<Bot> {
    const { root } = this.ward.stage;
    const { runAs, isConfined } = this.#options;
    const watch = new URL(`leak-watch.js?folder=${root}`, import.meta.url);
    const deadly = new URL(`deadly.js?orders=${join(root, "orders")}`, import.meta.url);
    const home = join(root, "agents");
    const bot = this.ward.bot({
      by: isConfined === true ? CONFINED : [],
      environment: {
        NODE_OPTIONS: `--import=${watch.href} --import=${deadly.href}`,
        CLAUDE_CONFIG_DIR: join(home, ".claude"),
        CLAUDE_CODE_TMPDIR: home,
        AGENT_HOME: home,
        ...(runAs === undefined ? {} : { AGENT_UID: String(runAs.uid), AGENT_GID: String(runAs.gid) }),
      },
    });
    await bot.running();
    return bot;
  }

  /** Has an agent in each topic wait for a command, with others left running beside it. */
  async work(name: string): Promise<void> {
    for (const topic of this.topics) this.ward.say(topic, `work ${name}`);
    const wanted = this.topics.length * CHILDREN_EACH;
    await eventually(`${wanted} commands`, () => (this.sleepers().length === wanted ? true : undefined));
  }

  /** Has the agent of one topic answer and rest, and that of the other wait for the model. */
  async rest(name: string): Promise<void> {
    const [first = 0, second = 0] = this.topics;
    this.ward.hold(`wait ${name}`);
    this.ward.say(first, `hello ${name}`);
    this.ward.say(second, `wait ${name}`);
    await Promise.all([this.ward.answered(first, `hello ${name}`), this.ward.asked(`wait ${name}`)]);
  }

  /** Has the queue's thread die; resolves with the ms until nothing of its agents is left. */
  async crash(way: Way): Promise<number> {
    const before = this.marked();
    const bot = this.ward.current.process.pid ?? 0;
    const died = await this.ward.order("queue", way);
    await eventually("the end of the agents", () => (before.some(({ pid }) => isLeft(pid, bot)) ? undefined : true));
    return Date.now() - died;
  }

  /** What was cut off is answered by another agent. */
  async answeredAgain(kind: "work" | "wait", name: string): Promise<void> {
    this.ward.letGo(`wait ${name}`);
    const topics = kind === "work" ? this.topics : this.topics.slice(1);
    await Promise.all(topics.map((topic) => this.ward.answered(topic, `${kind} ${name}`)));
  }

  /** All that bears the mark of this bot's agents. */
  marked(): Seen[] {
    return processes().filter(({ mark }) => mark?.startsWith(`${this.mark}:`) === true);
  }

  sleepers(): Seen[] {
    return processes().filter(({ words }) => words[0] === "sleep" && words[1] === String(this.#seconds));
  }

  /** Whatever bears the mark, or is one of the commands, by its process. */
  left(): number[] {
    return [...new Set([...this.marked(), ...this.sleepers()].map(({ pid }) => pid))];
  }

  /** Processes of the agents that the bot says it has. */
  async live(): Promise<number[]> {
    const status = await readStatus(this.ward.stage);
    return (status?.agents ?? []).map(({ pid }) => pid).toSorted((a, b) => a - b);
  }

  /** Processes that the bot's workers started by themselves. */
  startedByWorkers(): number {
    try {
      return readFileSync(join(this.ward.stage.root, "started"), "utf8").split("\n").length - 1;
    } catch {
      return 0;
    }
  }

  #play({ userText, step }: ScriptRequest): Turn {
    const said = /\]: ([^\n]*)$/.exec(userText)?.[1] ?? "";
    const isAgain = /^Note: an earlier try at this message was cut off/m.test(userText);
    if (isAgain || step > 0 || !said.startsWith("work ")) return { text: `re: ${said}` };
    return { tools: [{ name: "Bash", input: { command: `sh ${this.#script}` } }] };
  }
}
