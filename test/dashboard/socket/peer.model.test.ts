import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openStream } from "../../../src/dashboard/tail/stream.ts";
import { handClock } from "../tail/support.ts";
import { Writer } from "../tail/writer.ts";
import { Desk } from "./support.ts";
import type { Client } from "./support.ts";

/** More by `SOCKET_RUNS`. */
const RUNS = Number(process.env["SOCKET_RUNS"] ?? 100);

type Op =
  | { op: "write"; count: number; length: number }
  | { op: "drain"; left: number }
  | { op: "wait"; ms: number }
  | { op: "part" | "roll" | "deleteOldest" | "look" | "stall" | "ack" | "turns" | "read" | "reconnect" };

const simple = (...names: Exclude<Op["op"], "write" | "drain" | "wait">[]): fc.Arbitrary<Op> =>
  fc.constantFrom(...names).map((op) => ({ op }));

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("write" as const),
      count: fc.constantFrom(1, 3, 20),
      length: fc.constantFrom(0, 500, 30_000),
    }),
  },
  { weight: 8, arbitrary: simple("look", "turns") },
  { weight: 3, arbitrary: simple("roll", "part", "deleteOldest") },
  { weight: 3, arbitrary: simple("stall", "ack", "read") },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("drain" as const), left: fc.constantFrom(0, 60_000, 100_000) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("wait" as const), ms: fc.constantFrom(5, 16, 200, 61_000) }) },
  { weight: 2, arbitrary: simple("reconnect") },
);

/** A client that reads frames in order, keeps its place, and comes back to it. */
class Follower {
  /** Numbers of rows, "gap" where one was told. */
  readonly told: (number | "gap")[] = [];
  readonly #desk: Desk;
  #client: Client;
  #read = 0;
  #place: string | undefined;
  #acked: string | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#client = this.#connect();
  }

  get connection(): Client["connection"] {
    return this.#client.connection;
  }

  get place(): string | undefined {
    return this.#place;
  }

  /** What has arrived and was not read is lost with the connection. */
  reconnect(): void {
    this.connection.isGone = true;
    this.#client.peer.onClose();
    this.#client = this.#connect();
  }

  /** Reads `most` of the frames that have arrived. */
  read(most = Number.POSITIVE_INFINITY): void {
    const end = Math.min(this.connection.frames.length, this.#read + most);
    for (; this.#read < end; this.#read += 1) {
      const frame = this.connection.frames[this.#read];
      if (frame?.type === "rows") {
        for (const row of frame.rows ?? []) this.told.push(row.n ?? Number(/"n":(\d+),/.exec(String(row["raw"]))?.[1]));
        assert.equal(frame.first, frame.rows?.[0]?.cursor);
        this.#place = frame.last;
      } else if (frame?.type === "gap") {
        if (this.#place !== undefined) assert.equal(frame.from, this.#place, "a gap begins where the rows ended");
        this.told.push("gap");
        this.#place = frame.to;
      } else if (frame?.type === "live") {
        this.#place = frame.cursor ?? this.#place;
      } else {
        assert.equal(frame?.type, "welcome", JSON.stringify(frame));
      }
    }
  }

  ack(): void {
    if (this.#place === undefined || this.#place === this.#acked) return;
    this.#acked = this.#place;
    this.#client.say({ type: "ack", id: "a", cursor: this.#place });
  }

  drain(left: number): void {
    this.connection.drain(Math.min(left, this.connection.buffered()));
    this.connection.stalled = left > 0;
    this.#client.peer.onDrain();
  }

  #connect(): Client {
    const client = this.#desk.connect();
    client.say({ type: "subscribe", id: "a", topic: "messages", from: this.#place ?? "tail:1000" });
    this.#read = 0;
    return client;
  }
}

async function run(ops: readonly Op[], log: string[]): Promise<void> {
  const undo: (() => Promise<void> | void)[] = [];
  const desk = await Desk.open(
    { after: (task) => undo.push(task as () => Promise<void>) },
    {
      wrap: (streams, dir) => ({
        ...streams,
        messages: openStream({ path: join(dir, "a.jsonl"), rolled: "jsonl", clock: handClock, ringBytes: 40_000 }),
      }),
    },
  );
  const writer = new Writer(desk.dir, "jsonl");
  const follower = new Follower(desk);
  const steps: Record<Exclude<Op["op"], "write" | "drain" | "wait">, () => void | Promise<void>> = {
    part: () => writer.writePart(),
    roll: () => writer.roll(),
    deleteOldest: () => writer.deleteOldest(),
    look: () => desk.streams.messages.look(),
    stall() {
      follower.connection.stalled = true;
    },
    ack: () => follower.ack(),
    read: () => follower.read(2),
    turns: () => desk.settle(10),
    reconnect: () => follower.reconnect(),
  };
  try {
    for (const step of ops) {
      log.push(`${JSON.stringify(step)} wrote ${writer.last}, told ${follower.told.join(" ")}`);
      if (step.op === "write") writer.write(step.count, step.length);
      else if (step.op === "drain") follower.drain(step.left);
      else if (step.op === "wait") desk.clock.advance(step.ms);
      else await steps[step.op]();
    }
    writer.reopen();
    writer.write(1);
    await desk.streams.messages.look();
    await desk.until(() => {
      follower.drain(0);
      follower.read();
      follower.ack();
      return follower.place === desk.streams.messages.head();
    }, "the end");
    log.push(`wrote ${writer.last}, told ${follower.told.join(" ")}`);
    await desk.settle();
    follower.read();
    check(follower.told, writer.last);
    assert.deepEqual(desk.log.lines, []);
  } finally {
    for (const task of undo) await task();
    writer.close();
  }
}

function check(told: readonly (number | "gap")[], written: number): void {
  assert.ok(told.at(-1) === written || told.at(-1) === "gap", "the end arrived");
  // What was destroyed before anything of the stream was known leaves no trace.
  let last = typeof told[0] === "number" ? told[0] - 1 : 0;
  let gap = false;
  for (const item of told) {
    if (item === "gap") {
      gap = true;
      continue;
    }
    assert.ok(item > last, `${item} after ${last}`);
    assert.ok(item === last + 1 || gap, `${last + 1} is missing without a gap`);
    last = item;
    gap = false;
  }
}

test(`a client gets every row once and in order, or a gap in its place (${RUNS} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 40 }), async (ops) => {
      const log: string[] = [];
      try {
        await run(ops, log);
      } catch (error) {
        throw new Error(`${String(error)}\n${log.join("\n")}`, { cause: error });
      }
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
