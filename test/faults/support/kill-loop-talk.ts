/** People who write in several topics whatever becomes of the bot, and what has become of their messages. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Script, Turn } from "../../../src/sandbox/claude/claude.ts";
import { eventually } from "../../support/eventually.ts";
import { namesIn } from "./bot.ts";
import type { Chance } from "./kill-loop-chance.ts";
import { answerOf, endedBy, judge } from "./kill-loop-oracle.ts";
import type { Findings, Said } from "./kill-loop-oracle.ts";
import type { Ward } from "./ward.ts";

/** Each costs an agent's start after each kill. */
const TOPICS = 2;
/** Messages in a topic before another takes its place: a conversation without end would be cut by the agent. */
const TOPIC_MESSAGES = 60;
/** In a topic, those that are not answered. */
const OPEN_MAX = 2;
const TICK_MS = 60;
const SAYS = 0.15;
const COMES_AGAIN = 0.15;
/** Lines of an answer: one post, one, two, three. */
const LENGTHS = [1, 1, 1, 1, 3, 30, 60, 110] as const;
const SLOW = 0.1;
const SLOW_MS = 800;

interface Message extends Said {
  /** By which the bot knows it. */
  readonly key: string;
  readonly updateId: number;
}

export class Talk {
  readonly #ward: Ward;
  readonly #chance: Chance;
  readonly #topics: number[] = [];
  readonly #all: number[] = [];
  readonly #said: Message[] = [];
  /** In the chat to their last line, or given up. */
  readonly #ended = new Set<number>();
  /** Whose answers lay in `outgoing/` when the bot was dead. */
  readonly #answered = new Set<number>();
  readonly #runAgain = new Set<number>();
  readonly #ticking: NodeJS.Timeout;
  comeAgain = 0;

  constructor(ward: Ward, chance: Chance) {
    this.#ward = ward;
    this.#chance = chance;
    ward.script = this.#script;
    ward.stage.telegram.on("message", ({ from, text }) => {
      if (from.is_bot) for (const id of endedBy(text ?? "")) this.#ended.add(id);
    });
    this.#ticking = setInterval(() => {
      if (chance.happens(SAYS)) this.#say();
    }, TICK_MS);
  }

  get count(): number {
    return this.#said.length;
  }

  get endedCount(): number {
    return this.#ended.size;
  }

  /** Messages that have no end yet. */
  open(): number[] {
    return this.#said.map(({ id }) => id).filter((id) => !this.#ended.has(id));
  }

  stop(): void {
    clearInterval(this.#ticking);
  }

  /** Resolves when these are answered or given up. */
  async ended(ids: readonly number[], isAlive: () => boolean): Promise<void> {
    const open = (): string => ids.filter((id) => !this.#ended.has(id)).join(", ");
    const end = await eventually("an end of all messages that were open", async () => {
      for (const id of await this.#dead()) this.#ended.add(id);
      if (open() === "") return "ended";
      return isAlive() ? undefined : "dead";
    }).catch((error: unknown) => {
      throw new Error(`no end of messages ${open()}`, { cause: error });
    });
    if (end === "dead") throw new Error(`the bot ended by itself before messages ${open()} did`);
  }

  /** To be called while no bot runs: what has an answer on disk is not to be asked of Claude again. */
  async lookAtAnswers(): Promise<void> {
    // A bot that was killed early has made no queue.
    if (!existsSync(join(this.#ward.stage.dir, "queue", "outgoing"))) return;
    const keys = (await namesIn(this.#ward.stage, "outgoing")).map(keyOf);
    for (const { id, key } of this.#said) if (keys.includes(key) || this.#ended.has(id)) this.#answered.add(id);
  }

  async judge(): Promise<Findings & { readonly dead: number }> {
    const dead = await this.#dead();
    const findings = this.#all.map((topic) =>
      judge({
        said: this.#said.filter((message) => message.topic === topic),
        posts: this.#ward.stage.telegram.messages(topic).flatMap(({ from, text }) => (from.is_bot ? [text ?? ""] : [])),
        dead,
      }),
    );
    const again = [...this.#runAgain].map((id) => `m${id} was run again, though its answer was there`);
    return {
      faults: [...findings.flatMap(({ faults }) => faults), ...again],
      repeats: findings.reduce((sum, { repeats }) => sum + repeats, 0),
      dead: dead.size,
    };
  }

  readonly #script: Script = ({ userText, step }): Turn => {
    const [, id, lines] = /\]: m(\d+): (\d+) lines$/.exec(userText) ?? [];
    if (id === undefined) return { text: `nothing to say to “${userText.slice(-120)}”` };
    if (step === 0 && this.#answered.has(Number(id))) this.#runAgain.add(Number(id));
    return {
      text: answerOf(Number(id), Number(lines)),
      ...(this.#chance.happens(SLOW) ? { delayMs: this.#chance.below(SLOW_MS) } : {}),
    };
  };

  #say(): void {
    const { telegram } = this.#ward.stage;
    if (this.#topics.length < TOPICS) this.#topics.push(this.#newTopic());
    const topic = this.#topics[this.#chance.below(this.#topics.length)] ?? this.#newTopic();
    const here = this.#said.filter((message) => message.topic === topic);
    if (here.filter(({ id }) => !this.#ended.has(id)).length >= OPEN_MAX) return;
    if (here.length >= TOPIC_MESSAGES) {
      this.#topics.splice(this.#topics.indexOf(topic), 1);
      return;
    }
    const id = this.#said.length + 1;
    const lines = this.#chance.of(LENGTHS);
    const { updateId } = telegram.sendText(topic, this.#ward.user, `m${id}: ${lines} lines`);
    this.#said.push({ id, topic, lines, updateId, key: `u${updateId}` });
    const earlier = this.#said[this.#said.length - 1 - this.#chance.below(10)];
    if (earlier === undefined || !this.#chance.happens(COMES_AGAIN)) return;
    telegram.redeliver(earlier.updateId);
    this.comeAgain += 1;
  }

  #newTopic(): number {
    const topic = this.#ward.stage.telegram.createTopic(`Topic ${this.#all.length + 1}`);
    this.#all.push(topic);
    return topic;
  }

  /** Each given up with the reason beside it. */
  async #dead(): Promise<Set<number>> {
    const { stage } = this.#ward;
    const names = await namesIn(stage, "dead-letter");
    await Promise.all(names.map((name) => readFile(join(stage.dir, "queue", "dead-letter", `${name}.why`))));
    const keys = new Set(names.map(keyOf));
    return new Set(this.#said.filter(({ key }) => keys.has(key)).map(({ id }) => id));
  }
}

/** `<sequence>.<thread>.<key>.json` */
function keyOf(name: string): string {
  return name.split(".")[2] ?? "";
}
