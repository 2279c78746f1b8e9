import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Connection, Peer, Text } from "../../../src/dashboard/connection.ts";
import { History } from "../../../src/dashboard/history.ts";
import { LiveStates } from "../../../src/dashboard/live-states.ts";
import type { StateTopic } from "../../../src/dashboard/protocol.ts";
import { peersOver } from "../../../src/dashboard/socket/peer.ts";
import type { Peers } from "../../../src/dashboard/socket/peer.ts";
import { TOPICS, TOPIC_NAMES, openStreams } from "../../../src/dashboard/topics.ts";
import type { Streams, Topic } from "../../../src/dashboard/topics.ts";
import { PATIENCE_MS } from "../../support/eventually.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { ManualClock } from "../host/manual-clock.ts";
import { handClock } from "../tail/support.ts";

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly code?: string;
  readonly cursor?: string | null;
  readonly first?: string;
  readonly last?: string;
  readonly from?: string | null;
  readonly to?: string;
  readonly bytes?: number;
  readonly reason?: string;
  readonly topic?: string;
  readonly topics?: readonly string[];
  readonly rev?: number;
  readonly t?: number;
  readonly boot?: string;
  readonly version?: number;
  readonly data?: object;
  readonly rows?: readonly { cursor: string; n?: number; [name: string]: unknown }[];
}

/** A client in this process whose reading the test decides. */
export class FakeConnection implements Connection {
  readonly frames: Frame[] = [];
  readonly texts: string[] = [];
  readonly followed = new Set<StateTopic>();
  closed: { code: number; reason: string } | undefined;
  /** Whether it has stopped reading: what is sent waits. */
  stalled = false;
  drops = false;
  corks = 0;
  #buffered = 0;
  isGone = false;

  send(given: Text): "sent" | "buffered" | "dropped" {
    const text = typeof given === "string" ? given : Buffer.from(given).toString("utf8");
    assert.ok(!this.isGone, "sent to a connection that is gone");
    if (this.drops) return "dropped";
    this.texts.push(text);
    this.frames.push(JSON.parse(text) as Frame);
    if (!this.stalled) return "sent";
    this.#buffered += Buffer.byteLength(text);
    return "buffered";
  }

  buffered(): number {
    assert.ok(!this.isGone, "a connection that is gone was asked");
    return this.#buffered;
  }

  cork(task: () => void): void {
    this.corks += 1;
    task();
  }

  follow(topic: StateTopic): void {
    assert.ok(!this.followed.has(topic), "followed twice");
    this.followed.add(topic);
  }

  unfollow(topic: StateTopic): void {
    this.followed.delete(topic);
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** So much is left to be read. */
  drain(left = 0): void {
    this.#buffered = left;
  }

  of(type: string, id?: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type && (id === undefined || frame.id === id));
  }

  /** Numbers of the rows that came to the subscription. */
  numbers(id = "a"): number[] {
    return this.of("rows", id).flatMap(({ rows = [] }) => rows.map(({ n }) => n ?? Number.NaN));
  }
}

export interface Client {
  readonly connection: FakeConnection;
  readonly peer: Peer;
  say(frame: object): void;
}

/** Real streams over files in a folder of their own; they look, and time passes, when told to. */
export class Desk {
  readonly dir: string;
  readonly streams: Streams;
  readonly clock = new ManualClock(1_700_000_000_000);
  readonly states = new LiveStates(this.clock);
  readonly log = memoryLog();
  readonly peers: Peers;

  private constructor(dir: string, options: { ringBytes?: number; wrap?: (streams: Streams, dir: string) => Streams }) {
    const { ringBytes, wrap = (streams) => streams } = options;
    this.dir = dir;
    const { log } = this.log;
    this.streams = wrap(openStreams({ dir, clock: handClock, log, ...(ringBytes && { ringBytes }) }), dir);
    this.peers = peersOver({
      streams: this.streams,
      history: new History(this.streams),
      states: this.states,
      clock: this.clock,
      log,
      boot: "boot-1",
    });
  }

  static async open(
    t: Pick<TestContext, "after">,
    options: {
      ringBytes?: number;
      wrap?: (streams: Streams, dir: string) => Streams;
      files?: Partial<Record<Topic, string>>;
    } = {},
  ): Promise<Desk> {
    const dir = await mkdtemp(join(tmpdir(), "tinyclaw-socket-"));
    const desk = new Desk(dir, options);
    t.after(async () => {
      await Promise.all(TOPIC_NAMES.map((topic) => desk.streams[topic].close()));
      await rm(dir, { recursive: true, force: true });
    });
    for (const [topic, text] of Object.entries(options.files ?? {})) await desk.write(topic as Topic, text);
    await Promise.all(TOPIC_NAMES.map((topic) => desk.streams[topic].start()));
    return desk;
  }

  connect(): Client {
    const connection = new FakeConnection();
    const peer = this.peers.begin(connection);
    return { connection, peer, say: (frame) => peer.onMessage(JSON.stringify(frame)) };
  }

  path(topic: Topic): string {
    return join(this.dir, TOPICS[topic].file);
  }

  async write(topic: Topic, text: string): Promise<void> {
    await mkdir(dirname(this.path(topic)), { recursive: true });
    await appendFile(this.path(topic), text);
  }

  /** Writes, and has it read. */
  async append(topic: Topic, text: string): Promise<void> {
    await this.write(topic, text);
    await this.streams[topic].look();
  }

  /** Lets things take their course, a few milliseconds of the clock at a time, until it is so. */
  async until(isSo: () => boolean, what = "what was waited for"): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      assert.ok(performance.now() < deadline, `${what} did not come`);
      await this.#turn();
      this.clock.advance(1);
    }
  }

  /** Until nothing can be under way any more, without time passing: for what is not to happen. */
  async settle(turns = 60): Promise<void> {
    for (let n = 0; n < turns; n += 1) await this.#turn();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

export const KIB = 1024;

/** Lines with numbers and `bytes` of padding each. */
export function wide(from: number, to: number, bytes: number): string {
  let text = "";
  for (let n = from; n <= to; n += 1) text += `{"n":${n},"pad":"${"x".repeat(bytes)}"}\n`;
  return text;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

export function subscribe(client: Client, more: object = {}): void {
  client.say({ type: "subscribe", id: "a", topic: "messages", ...more });
}

export async function live(desk: Desk, client: Client, id = "a"): Promise<Frame> {
  await desk.until(() => client.connection.of("live", id).length > 0, "live");
  return client.connection.of("live", id)[0] ?? { type: "" };
}

/** A client that follows the messages, and has what lay there. */
export async function following(desk: Desk, more: object = {}): Promise<Client> {
  const client = desk.connect();
  subscribe(client, more);
  await live(desk, client);
  return client;
}

/** A client that stops reading, and 1000 rows of which it has as many as wait for one. */
export async function stalled(desk: Desk): Promise<Client> {
  const client = await following(desk);
  client.connection.stalled = true;
  await desk.append("messages", wide(1, 1000, KIB));
  await desk.until(() => client.connection.buffered() >= 256 * KIB);
  await desk.settle();
  return client;
}

export function bytesOf(client: Client): number {
  return client.connection.texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
