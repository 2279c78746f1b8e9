import assert from "node:assert/strict";
import { checkEnds, checkFiles, checkPlaces } from "./audit.ts";
import { Random } from "./random.ts";
import { World } from "./world.ts";

/** What happens in a step, as often as it stands here. */
const ACTS = [
  ...Array<"publish">(9).fill("publish"),
  ...Array<"claim">(8).fill("claim"),
  ...Array<"work">(12).fill("work"),
  ...Array<"send">(5).fill("send"),
  ...Array<"advance">(2).fill("advance"),
  "thread",
  "kill",
  "power",
  "audit",
] as const;

export interface Step {
  /** Place in `ACTS`. */
  readonly act: number;
  readonly seed: number;
  /** So many calls into the system happen before the next step. */
  readonly calls: number;
}

export const ACT_COUNT = ACTS.length;

export interface Tape {
  readonly steps: readonly Step[];
  /** Whether the ledger begins with so much of the past that it is rewritten. */
  readonly past: boolean;
  readonly end: "nothing" | "kill" | "power";
  readonly seed: number;
}

/** How often a queue looks through its folder whatever happens, ms. */
const RESCAN_MS = 5000;
const KEYS = ["a", "b", "c", "d", "e", "f"];

/** Plays a tape; rejects with what broke a promise of the queue. */
export async function simulate(tape: Tape, trace?: string[]): Promise<void> {
  const world = new World(trace);
  const random = new Random(tape.seed);
  if (tape.past) rememberPast(world);
  world.boot();
  await world.settle(random);
  for (const step of tape.steps) {
    await take(world, step);
    // A start takes some eighty calls.
    await world.step(world.isOpen ? step.calls : step.calls * 6, random);
  }
  if (tape.end !== "nothing") await crash(world, random.below(2 ** 32), tape.end === "power");
  await rest(world, random);
  checkPlaces(world);
  await finish(world, random);
  checkEnds(world);
  // What is finished stays so, whatever names come back.
  await crash(world, random.below(2 ** 32), true);
  await rest(world, random);
  for (const folder of ["incoming", "processing", "outgoing"]) {
    assert.deepEqual(world.keysIn(folder), [], `${folder} after everything was finished`);
  }
  checkEnds(world);
}

async function take(world: World, { act, seed }: Step): Promise<void> {
  const key = seed % KEYS.length;
  switch (ACTS[act]) {
    case "publish":
      world.publish(KEYS[key] ?? "", 1 + (key % 2));
      break;
    case "claim":
      world.claim();
      break;
    case "work":
      world.work(seed);
      break;
    case "send":
      world.send();
      break;
    case "advance":
      world.advance(1000 * (1 + (seed % 6)));
      break;
    case "thread":
      world.restartThread(seed);
      break;
    case "kill":
    case "power":
      await crash(world, seed, ACTS[act] === "power");
      break;
    case "audit":
    case undefined:
      await rest(world, new Random(seed));
      checkPlaces(world);
  }
  await world.pause();
}

/** Lets everything come to rest, with a look through the folders that no doorbell asked for. */
async function rest(world: World, random: Random): Promise<void> {
  await world.settle(random);
  world.advance(RESCAN_MS);
  await world.settle(random);
}

async function crash(world: World, seed: number, power: boolean): Promise<void> {
  world.stop(seed, power);
  checkFiles(world);
  await world.pause();
  world.boot();
  if (seed % 2 === 0) await world.settle(new Random(seed));
}

/** Answers everything, and posts the answers. */
async function finish(world: World, random: Random): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    world.advance(1500);
    world.claim();
    world.send();
    await world.settle(random);
    const { agent } = world;
    assert.ok(agent, "the agent is gone");
    for (const [claim, work] of agent.works) {
      if (work.stage === "claimed") world.answer(agent, claim, work);
      else if (work.stage === "answered") world.commit(agent, claim, work);
    }
    await world.settle(random);
    const left = ["incoming", "processing", "outgoing"].flatMap((folder) => world.keysIn(folder));
    if (left.length === 0 && agent.works.size === 0) return;
  }
  assert.fail("the queue does not come to an end");
}

function rememberPast({ disk }: World): void {
  disk.create("queue", "folder");
  const ledger = disk.create("queue/ledger.jsonl", "file");
  const line = `${JSON.stringify({ timestamp: 1_760_000_000_000, key: "old", event: "done", seq: 1 })}\n`;
  disk.append(ledger, Buffer.from(line.repeat(1001)), 1_760_000_000_000);
  for (const path of ["queue/ledger.jsonl", "queue", ""]) {
    const node = disk.find(path);
    if (node !== undefined) disk.sync(node);
  }
}
