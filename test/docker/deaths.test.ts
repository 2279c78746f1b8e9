/** Containers die at random moments while people talk. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { postedIn } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { docker, noEngine } from "./support/docker.ts";
import { SERVICES, Stack } from "./support/stack.ts";
import type { Service } from "./support/stack.ts";

/** Deaths from outside of each; after them, `docker kill` of all three makes ten. */
const DEATHS: Readonly<Record<Service, number>> = { broker: 2, bot: 3, dashboard: 2 };
/** Between two messages, ms. Telegram takes some twenty of a bot in a minute and group without making it wait. */
const PACE_MS = 1500;
/** At most, before a death. */
const CALM_MS = 5000;
/** For answers, once the bot is alive again. */
const ANSWERED_MS = 180_000;
/** Before an answer of which the bot cannot know whether it had gone out when it died. */
const REPEATED = "↻ repeated after a restart\n";

describe("a stack whose containers are killed", { skip: noEngine, concurrency: 1 }, () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.open();
    await stack.up();
  });
  after(() => stack.close());

  test("is healthy again after ten deaths at random moments, and no message is lost or answered twice", async (t) => {
    const topics = ["One", "Two", "Three"].map((name) => stack.telegram.createTopic(name));
    const talk = new Talk(stack, topics);
    const talking = talk.goOn();
    let deaths = 0;
    let botDeaths = 0;
    const die = async (service: Service, kill: () => Promise<unknown>): Promise<void> => {
      await pause(randomInt(CALM_MS));
      await kill();
      deaths += 1;
    };
    // Docker takes it for a fault, and brings the container back by itself.
    const dieAndComeBack = async (service: Service): Promise<void> => {
      for (let n = 0; n < DEATHS[service]; n += 1) {
        const life = await stack.inspect(service, "{{.State.StartedAt}}");
        await die(service, () => stack.slay(service));
        const [said, from] = [talk.said.length, performance.now()];
        await back(service, life);
        t.diagnostic(`${service}, killed from outside: healthy after ${Math.round(performance.now() - from)} ms`);
        if (service !== "bot") continue;
        botDeaths += 1;
        // A turn that is cut off a third time is given up: the same ones shall not be struck by every death.
        await talk.answered(said);
      }
    };
    await Promise.all(SERVICES.map(dieAndComeBack));
    await stack.healthy();
    // This it takes for the operator's wish: they are back when the operator wants them.
    const killed = SERVICES.map((service) => die(service, async () => docker("kill", await stack.container(service))));
    await Promise.all(killed);
    assert.deepEqual(await Promise.all(SERVICES.map((service) => stack.state(service))), [
      "exited",
      "exited",
      "exited",
    ]);
    botDeaths += 1;
    t.diagnostic(`all, docker kill: healthy ${Math.round(await stack.up())} ms after ./tinyclaw.sh start`);
    talk.end();
    await talking;
    assert.deepEqual([deaths, botDeaths], [10, DEATHS.bot + 1]);
    await talk.answered(talk.said.length);
    for (const text of talk.said) {
      const answers = answersTo(stack, text);
      const repeats = answers.filter((answer) => answer.startsWith(REPEATED)).length;
      assert.ok(answers.length - repeats <= 1, `${text} was answered ${answers.length} times: ${answers.join(" | ")}`);
      assert.ok(repeats <= botDeaths, `${text} was repeated ${repeats} times`);
      if (answers.length > 1) t.diagnostic(`${text} was repeated, and said so`);
    }
    t.diagnostic(`${talk.said.length} messages`);
    // An answer is in the chat before its message is done with.
    await eventually("nothing in the queue's folders", async () => ((await leftovers()) === "" ? true : undefined));
  });

  /** Resolves when a container that was killed has begun another life, and is healthy. */
  async function back(service: Service, life: string): Promise<void> {
    await eventually(`another life of the ${service}`, async () => {
      const startedAt = await stack.inspect(service, "{{.State.StartedAt}}");
      return (startedAt !== life && (await stack.state(service)) === "healthy") || undefined;
    });
  }

  async function leftovers(): Promise<string> {
    const folders = ["incoming", "processing", "dead-letter", "corrupt"].map((name) => `/app/.tinyclaw/queue/${name}`);
    return (await stack.exec("dashboard", "find", ...folders, "-type", "f")).stdout;
  }
});

/** Messages into several topics, one after the other, whatever happens meanwhile. */
class Talk {
  readonly said: string[] = [];
  readonly #stack: Stack;
  readonly #topics: readonly number[];
  #over = false;

  constructor(stack: Stack, topics: readonly number[]) {
    this.#stack = stack;
    this.#topics = topics;
  }

  async goOn(): Promise<void> {
    const { telegram, agent } = this.#stack;
    while (!this.#over) {
      const text = `message ${this.said.length + 1}`;
      telegram.sendText(this.#topics[this.said.length % this.#topics.length] ?? 1, agent.userOf(telegram), text);
      this.said.push(text);
      await pause(PACE_MS);
    }
  }

  end(): void {
    this.#over = true;
  }

  /** Resolves when the first `count` messages are. */
  async answered(count: number): Promise<void> {
    const missing = (): string[] =>
      this.said.slice(0, count).filter((text) => answersTo(this.#stack, text).length === 0);
    const until = Date.now() + ANSWERED_MS;
    while (missing().length > 0 && Date.now() < until) await pause(PACE_MS);
    if (missing().length === 0) return;
    const posts = this.#topics
      .flatMap((topic) => postedIn(this.#stack, topic))
      .filter((text) => !text.replace(REPEATED, "").startsWith("heard"));
    assert.deepEqual(missing(), [], `lost; the bot said besides: ${posts.join(" | ")}`);
  }
}

/** What was posted in answer to a message, cut connections included: the group has seen those too. */
function answersTo(stack: Stack, text: string): string[] {
  return stack.telegram.calls.flatMap(({ method, params, result }) => {
    const posted = String(params["text"]);
    const isAnswer = posted === `heard ${text}` || posted === `${REPEATED}heard ${text}`;
    return method === "sendMessage" && result !== undefined && isAnswer ? [posted] : [];
  });
}
