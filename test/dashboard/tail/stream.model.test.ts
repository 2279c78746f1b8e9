import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openStream } from "../../../src/dashboard/tail/stream.ts";
import type { Slice, Stream } from "../../../src/dashboard/tail/stream.ts";
import { ALL, handClock } from "./support.ts";
import { Writer } from "./writer.ts";
import type { Manner } from "./writer.ts";

/** More by `TAIL_RUNS`. */
const RUNS = Number(process.env["TAIL_RUNS"] ?? 400);

type Op =
  | { op: "write"; count: number; length: number }
  | { op: "pull"; rows: number; bytes: number }
  | { op: "part" | "look" | "roll" | "reopen" | "truncate" | "regrow" | "delete" | "deleteOldest" | "restart" };

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("write" as const),
      count: fc.integer({ min: 1, max: 9 }),
      length: fc.constantFrom(0, 0, 0, 300, 70_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("pull" as const),
      rows: fc.constantFrom(1, 3, 1000),
      bytes: fc.constantFrom(100, 100_000),
    }),
  },
  { weight: 4, arbitrary: fc.constantFrom({ op: "look" as const }, { op: "part" as const }) },
  { weight: 3, arbitrary: fc.constantFrom({ op: "roll" as const }, { op: "reopen" as const }) },
  { weight: 2, arbitrary: fc.constantFrom({ op: "restart" as const }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { op: "truncate" as const },
      { op: "regrow" as const },
      { op: "delete" as const },
      { op: "deleteOldest" as const },
    ),
  },
);

/** Also of a line that was begun and never ended, which is told as far as it goes. */
function numberOf(text: string): number {
  return Number(/"n":(\d+),/.exec(text)?.[1]);
}

/** A client that keeps its cursor, and what it was told. */
class Client {
  cursor: string | undefined;
  /** Numbers of lines, "gap" where one was told. */
  readonly told: (number | "gap")[] = [];
  readonly log: string[] = [];

  async pull(stream: Stream, rows: number, bytes: number): Promise<void> {
    for (let more = true, turns = 0; more; turns += 1) {
      assert.ok(turns < 10_000, "pulling does not end");
      const slice = await stream.after(this.cursor, { rows, bytes });
      this.#take(slice);
      more = slice.more;
    }
  }

  #take(slice: Slice): void {
    for (const item of slice.items) {
      if ("gap" in item) {
        if (this.cursor !== undefined) assert.equal(item.gap.from, this.cursor);
        this.cursor = item.gap.to;
        this.told.push("gap");
        this.log.push(`gap ${item.gap.reason}`);
        continue;
      }
      this.cursor = item.cursor;
      this.told.push(numberOf(item.text));
      this.log.push(`${numberOf(item.text)}${item.record === undefined ? " torn" : ""}`);
    }
    this.cursor = slice.last;
  }
}

async function run(folder: string, manner: Manner, ops: readonly Op[], log: string[]): Promise<void> {
  const writer = new Writer(folder, manner);
  const options = { path: writer.path, rolled: "jsonl", clock: handClock, ringBytes: 3000 } as const;
  let stream = openStream(options);
  await stream.start();
  const client = new Client();
  const look = async (): Promise<void> => {
    await stream.look();
    writer.seen();
  };
  const steps: Record<Exclude<Op["op"], "write" | "pull">, () => void | Promise<void>> = {
    part: () => writer.writePart(),
    look,
    roll: () => writer.roll(),
    reopen: () => writer.reopen(),
    truncate: () => writer.truncate(),
    regrow: () => writer.regrow(),
    delete: () => writer.delete(),
    deleteOldest: () => writer.deleteOldest(),
    async restart() {
      await stream.close();
      stream = openStream(options);
      await stream.start();
      writer.seen();
      writer.forget(client.told.findLast((item) => item !== "gap") ?? 0);
    },
  };
  try {
    for (const step of ops) {
      log.push(JSON.stringify(step), `  wrote ${writer.last}, told ${client.log.join(" ")}`);
      if (step.op === "write") writer.write(step.count, step.length);
      else if (step.op === "pull") await client.pull(stream, step.rows, step.bytes);
      else await steps[step.op]();
    }
    writer.reopen();
    writer.write(1);
    await look();
    await client.pull(stream, 5, 10_000);
    log.push(`  wrote ${writer.last}, told ${client.log.join(" ")}; traceless ${[...writer.traceless].join(" ")}`);
    check(client, writer);
    await checkBackward(stream);
  } finally {
    await stream.close();
    writer.close();
  }
}

function check({ told }: Client, writer: Writer): void {
  assert.equal(told.at(-1), writer.last, "the last line arrived");
  let last = told[0] === "gap" ? 0 : (told[0] ?? 1) - 1;
  let gap = false;
  for (const item of told) {
    if (item === "gap") {
      gap = true;
      continue;
    }
    assert.ok(item > last, `${item} after ${last}`);
    for (let missing = last + 1; missing < item; missing += 1) {
      assert.ok(gap || writer.traceless.has(missing), `${missing} is missing without a gap`);
    }
    last = item;
    gap = false;
  }
}

/** Read backward by pages, the rows are those that are read forward. */
async function checkBackward(stream: Stream): Promise<void> {
  const forward = (await stream.after(undefined, ALL)).items.filter((item) => !("gap" in item));
  const pages: unknown[] = [];
  let page = await stream.tail(4);
  for (; ; page = await stream.before(page.first, { rows: 3, bytes: 10_000 })) {
    pages.unshift(...page.items.flatMap((item) => ("gap" in item ? [] : [item.cursor])));
    if (!page.more) break;
  }
  assert.deepEqual(
    pages,
    forward.map((item) => ("gap" in item ? undefined : item.cursor)),
  );
}

for (const manner of ["jsonl", "create", "copytruncate"] as const) {
  test(`every line comes once and in order, or a gap stands in its place (${manner}, ${RUNS} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 40 }), async (ops) => {
        const folder = await mkdtemp(join(tmpdir(), "tinyclaw-model-"));
        const log: string[] = [];
        try {
          await run(folder, manner, ops, log);
        } catch (error) {
          throw new Error(`${String(error)}\n${log.join("\n")}`, { cause: error });
        } finally {
          await rm(folder, { recursive: true });
        }
      }),
      {
        numRuns: RUNS,
        includeErrorInReport: true,
        ...(process.env["TAIL_SEED"] ? { seed: Number(process.env["TAIL_SEED"]) } : {}),
      },
    );
  });
}
