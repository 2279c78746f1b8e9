import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Logger } from "../../../../src/core/log.ts";
import {
  incomingConsumer,
  incomingProducer,
  outgoingConsumer,
  outgoingProducer,
  prepareQueue,
} from "../../../../src/core/queue/file-queue.ts";
import { parseFileName } from "../../../../src/core/queue/file-name.ts";
import { endedKeys } from "../../../../src/core/queue/ledger.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../../src/core/queue/message.ts";
import type { Claim, Consumer, Producer } from "../../../../src/core/queue/queue.ts";
import { sharedSequence } from "../../../../src/core/queue/sequence.ts";
import type { SequenceSource } from "../../../../src/core/queue/sequence.ts";
import { answer } from "../file-support.ts";
import { ManualClock, message } from "../support.ts";
import { Book } from "./book.ts";
import type { Work } from "./book.ts";
import { Disk } from "./disk.ts";
import { Mount } from "./mount.ts";
import type { Call } from "./mount.ts";
import { Random } from "./random.ts";

const nothing = (): void => undefined;
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The telegram worker: publishes what comes in, posts what goes out. */
interface Chat {
  readonly mount: Mount;
  readonly producer: Producer<IncomingMessage>;
  readonly consumer: Consumer<OutgoingMessage>;
  readonly sequence: CountedSequence;
  readonly posts: Set<Claim<OutgoingMessage>>;
  claiming: boolean;
  open: boolean;
}

/** The queue worker: runs what comes in. */
interface Agent {
  readonly mount: Mount;
  readonly consumer: Consumer<IncomingMessage>;
  readonly producer: Producer<OutgoingMessage>;
  readonly works: Map<Claim<IncomingMessage>, Work>;
  claiming: boolean;
  open: boolean;
}

/** Waits for what a program was promised. */
type Told = <T>(promise: Promise<T>) => Promise<T>;

interface CountedSequence extends SequenceSource {
  last: number;
}

/** A bot over a disk, call by call. What breaks a promise lands in `faults`. */
export class World {
  readonly disk = new Disk();
  readonly book = new Book();
  readonly faults: unknown[] = [];
  readonly trace: string[] | undefined;
  readonly #calls: Call[] = [];
  #clock = new ManualClock();
  #counters: SharedArrayBuffer | undefined;
  /** Numbers up to this one are of earlier processes. */
  #base = 0;
  #starter: Mount | undefined;
  chat: Chat | undefined;
  agent: Agent | undefined;

  constructor(trace?: string[]) {
    this.trace = trace;
  }

  /** Lets up to `count` of the waiting calls happen, in an order of the seed. */
  async step(count: number, random: Random): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const [call] = this.#calls.splice(random.below(Math.max(this.#calls.length, 1)), 1);
      if (call === undefined) return;
      this.trace?.push(`  ${call.text}`);
      call.run();
      await this.pause();
    }
  }

  /** Lets everything happen that is under way. */
  async settle(random: Random): Promise<void> {
    await this.pause();
    while (this.#calls.length > 0) await this.step(this.#calls.length, random);
  }

  /** Everything has come as far as it can without another call. */
  async pause(): Promise<void> {
    await turn();
    if (this.faults.length > 0) throw this.faults[0];
  }

  /** Starts the process. */
  boot(): void {
    const mount = (this.#starter = this.#mount());
    this.#run(mount, async (told) => {
      const counters = await told(prepareQueue(`${mount.point}/queue`));
      this.#counters = counters;
      this.#base = sharedSequence(counters).base;
      this.#startChat(counters);
      this.#startAgent(counters);
    });
  }

  get isOpen(): boolean {
    return this.chat?.open === true && this.agent?.open === true;
  }

  /** Ends the process, and with `power` what was not synced. */
  stop(seed: number, power: boolean): void {
    this.trace?.push(power ? "POWER FAILURE" : "KILL");
    const random = new Random(seed);
    this.#end(this.#starter, random);
    this.#end(this.chat?.mount, random);
    this.#endAgent(random);
    this.chat = undefined;
    this.#counters = undefined;
    this.#restartClock();
    if (power) this.disk.failPower(random.below(2 ** 32));
  }

  /** Ends one of the threads, which is started anew. */
  restartThread(seed: number): void {
    if (this.#counters === undefined) return;
    const random = new Random(seed);
    if (random.below(2) === 0) {
      this.trace?.push("THREAD agent ends");
      this.#endAgent(random);
      this.#startAgent(this.#counters);
    } else {
      this.trace?.push("THREAD chat ends");
      this.#end(this.chat?.mount, random);
      this.#startChat(this.#counters);
    }
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  publish(key: string, lane: number): void {
    const { chat } = this;
    if (chat === undefined) return;
    this.book.page(key, lane);
    const published = chat.producer.publish(message(key, { threadId: lane }));
    const seq = chat.sequence.last;
    this.trace?.push(`publish ${key} as ${seq}`);
    this.#run(chat.mount, async (told) => {
      await told(published);
      this.trace?.push(`published ${key}`);
      this.book.stored(key, seq);
    });
  }

  claim(): void {
    const { agent } = this;
    if (agent?.open !== true || agent.claiming) return;
    agent.claiming = true;
    const stored = new Set(this.book.pages.filter((page) => page.stored !== undefined).map(({ key }) => key));
    this.#run(agent.mount, async (told) => {
      const claim = await told(agent.consumer.claim());
      agent.claiming = false;
      this.trace?.push(`claimed ${claim?.key ?? "nothing"}`);
      if (claim === undefined) return;
      this.#checkClaim(agent, claim, stored);
      agent.works.set(claim, { key: claim.key, stage: "claimed" });
    });
  }

  /** Carries a message in work further, in a way of the seed. */
  work(seed: number): void {
    const random = new Random(seed);
    const { agent } = this;
    const claim = random.pick([...(agent?.works.keys() ?? [])]);
    const work = claim === undefined ? undefined : agent?.works.get(claim);
    if (agent === undefined || claim === undefined || work === undefined) return;
    if (work.stage === "answered") this.commit(agent, claim, work);
    if (work.stage !== "claimed") return;
    const way = random.below(10);
    if (way < 6) this.answer(agent, claim, work);
    else if (way < 9) this.#retry(agent, claim, work, way === 6, random.below(2) * 1000);
    else this.#bury(agent, claim, work);
  }

  answer(agent: Agent, claim: Claim<IncomingMessage>, work: Work): void {
    const page = this.book.must(claim.key);
    work.stage = "answering";
    page.answer = "begun";
    this.trace?.push(`answer ${claim.key}`);
    this.#run(agent.mount, async (told) => {
      await told(agent.producer.publish(answer(claim.key, { threadId: claim.lane })));
      this.trace?.push(`answered ${claim.key}`);
      work.stage = "answered";
      page.answer = "told";
    });
  }

  commit(agent: Agent, claim: Claim<IncomingMessage>, work: Work): void {
    work.stage = "committing";
    this.trace?.push(`commit ${claim.key}`);
    this.#run(agent.mount, async (told) => {
      await told(agent.consumer.commit(claim));
      this.trace?.push(`committed ${claim.key}`);
      this.book.must(claim.key).committed = true;
      agent.works.delete(claim);
    });
  }

  /** Takes an answer, posts it, records that. */
  send(): void {
    const { chat } = this;
    if (chat?.open !== true || chat.claiming) return;
    chat.claiming = true;
    this.#run(chat.mount, async (told) => {
      const claim = await told(chat.consumer.claim());
      chat.claiming = false;
      this.trace?.push(`posting ${claim?.key ?? "nothing"}`);
      if (claim === undefined) return;
      const page = this.book.must(claim.key);
      assert.ok(!page.sent, `the answer to ${claim.key} is posted again`);
      assert.notEqual(page.answer, "none", `an answer to ${claim.key} is posted and was never given`);
      for (const { lane } of chat.posts) assert.notEqual(lane, claim.lane, "two answers of a lane are in work");
      page.posted += 1;
      chat.posts.add(claim);
      await told(chat.consumer.commit(claim));
      this.trace?.push(`posted ${claim.key}`);
      chat.posts.delete(claim);
      page.sent = true;
    });
  }

  /** Keys of the messages in a folder, one for each file. */
  keysIn(folder: string): string[] {
    return this.disk.names(`queue/${folder}`).flatMap((name) => parseFileName(name)?.key ?? []);
  }

  /** Whether an answer was posted, and that was recorded, though nobody may have been told of it. */
  isSent(key: string): boolean {
    const lines = this.disk.find("queue/sent.jsonl")?.data.toString() ?? "";
    return this.book.must(key).posted > 0 && endedKeys(lines).has(key);
  }

  /** Files in `tmp/` that no living producer has made. */
  leftovers(): string[] {
    return this.disk.names("queue/tmp").filter((name) => (parseFileName(name)?.seq ?? 0) <= this.#base);
  }

  #retry(agent: Agent, claim: Claim<IncomingMessage>, work: Work, counts: boolean, delayMs: number): void {
    work.stage = counts ? "failing" : "releasing";
    this.trace?.push(`retry ${claim.key} ${work.stage} ${delayMs}`);
    const page = this.book.must(claim.key);
    page.notBefore = this.#clock.now() + delayMs;
    this.#run(agent.mount, async (told) => {
      await told(agent.consumer.retry(claim, { delayMs, counts, reason: "model" }));
      this.trace?.push(`retried ${claim.key}`);
      if (counts) this.book.failed(claim.key);
      agent.works.delete(claim);
    });
  }

  #bury(agent: Agent, claim: Claim<IncomingMessage>, work: Work): void {
    work.stage = "burying";
    const page = this.book.must(claim.key);
    page.burial = "begun";
    this.trace?.push(`bury ${claim.key}`);
    this.#run(agent.mount, async (told) => {
      await told(agent.consumer.bury(claim, "model"));
      this.trace?.push(`buried ${claim.key}`);
      page.burial = "told";
      agent.works.delete(claim);
    });
  }

  #checkClaim(agent: Agent, claim: Claim<IncomingMessage>, stored: ReadonlySet<string>): void {
    const { key, lane } = claim;
    this.book.claimed(key, claim, this.#clock.now());
    for (const other of agent.works.keys()) assert.notEqual(other.lane, lane, `two messages of lane ${lane} in work`);
    assert.ok(!this.keysIn("outgoing").includes(key), `${key} is run although its answer lies in outgoing`);
    assert.ok(!this.keysIn("dead-letter").includes(key), `${key} is run although it is a dead letter`);
    const name = this.disk.names("queue/processing").find((each) => parseFileName(each)?.key === key);
    const seq = parseFileName(name ?? "")?.seq;
    assert.ok(seq !== undefined, `${key} is claimed and not in processing`);
    const overtaken = this.book.before(lane, seq).filter((other) => stored.has(other));
    assert.deepEqual(overtaken, [], `${key} overtakes messages of its lane`);
  }

  #startChat(counters: SharedArrayBuffer): void {
    const mount = this.#mount();
    const source = sharedSequence(counters);
    const sequence: CountedSequence = { base: source.base, last: 0, next: () => (sequence.last = source.next()) };
    const options = { root: `${mount.point}/queue`, sequence, clock: this.#clock, logger };
    const onPublished = (): void => this.agent?.consumer.notify();
    const chat: Chat = {
      mount,
      producer: incomingProducer({ ...options, onPublished }),
      consumer: outgoingConsumer(options),
      sequence,
      posts: new Set(),
      claiming: false,
      open: false,
    };
    this.chat = chat;
    this.#run(mount, async (told) => {
      await told(chat.consumer.open());
      chat.open = true;
      this.trace?.push("chat is open");
    });
  }

  #startAgent(counters: SharedArrayBuffer): void {
    const mount = this.#mount();
    const sequence = sharedSequence(counters);
    const options = { root: `${mount.point}/queue`, sequence, clock: this.#clock, logger };
    const onPublished = (): void => this.chat?.consumer.notify();
    const agent: Agent = {
      mount,
      consumer: incomingConsumer(options),
      producer: outgoingProducer({ ...options, onPublished }),
      works: new Map(),
      claiming: false,
      open: false,
    };
    this.agent = agent;
    this.#run(mount, async (told) => {
      await told(agent.consumer.open());
      agent.open = true;
      this.trace?.push("agent is open");
    });
  }

  #endAgent(random: Random): void {
    const { agent } = this;
    if (agent === undefined) return;
    this.#end(agent.mount, random);
    this.book.consumerDied(agent.works.values(), this.keysIn("processing"));
    this.agent = undefined;
  }

  /** The program dies; of its calls under way each happens, in part perhaps, or does not. */
  #end(mount: Mount | undefined, random: Random): void {
    if (mount === undefined) return;
    for (const call of this.#calls.filter((each) => each.mount === mount)) {
      this.#calls.splice(this.#calls.indexOf(call), 1);
      const fate = random.below(3);
      if (fate === 0) call.happen();
      if (fate === 1) call.tear();
      call.refuse();
    }
    mount.end();
  }

  #restartClock(): void {
    const clock = new ManualClock();
    clock.advance(this.#clock.now() - clock.now());
    this.#clock = clock;
  }

  #mount(): Mount {
    return new Mount(this.disk, this.#calls, () => this.#clock.now());
  }

  /** What a program does; it hears of nothing more when it has died. */
  #run(mount: Mount, task: (told: Told) => Promise<void>): void {
    const told: Told = async (promise) => {
      const value = await promise;
      assert.ok(mount.alive);
      return value;
    };
    task(told).catch((error: unknown) => {
      if (mount.alive) this.faults.push(error);
    });
  }
}
