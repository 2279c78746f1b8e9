/** A thread that plays tapes; in the test's own, the runner's hooks would take most of the time. */
import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";
import { mountAll } from "./mount.ts";
import { ACT_COUNT, simulate } from "./simulate.ts";
import type { Tape } from "./simulate.ts";

export interface PlayerData {
  readonly runs: number;
  readonly seed: number;
}

export interface Played {
  readonly runs: number;
  /** Why a tape failed, and all that happened in the shortest one found. */
  readonly failure?: string;
}

/** So long a shorter tape that fails is looked for, ms. */
const SHORTEN_MS = 10_000;

const seed = fc.nat({ max: 2 ** 31 });
const step = fc.record({ act: fc.nat({ max: ACT_COUNT - 1 }), seed, calls: fc.nat({ max: 12 }) });
const tapes: fc.Arbitrary<Tape> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 50, size: "max" }),
  past: fc.nat({ max: 30 }).map((n) => n === 30),
  end: fc.constantFrom("nothing", "kill", "power"),
  seed,
});

async function play({ runs, seed }: PlayerData): Promise<Played> {
  const property = fc.asyncProperty(tapes, (tape) => simulate(tape));
  const found = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  if (!found.failed) return { runs };
  const path = found.counterexamplePath ?? "0";
  const shorter = await fc.check(property, { seed, path, interruptAfterTimeLimit: SHORTEN_MS });
  const [tape] = (shorter.failed ? shorter : found).counterexample ?? found.counterexample ?? [];
  const trace: string[] = [];
  if (tape !== undefined) await simulate(tape, trace).catch((error: unknown) => trace.push(String(error)));
  const failure = [
    `tape ${found.numRuns} of SEED=${seed}: ${String(found.errorInstance)}`,
    ...trace,
    JSON.stringify(tape),
  ];
  return { runs: found.numRuns, failure: failure.join("\n") };
}

// Making a stack for each missing file takes longer than all the rest.
Error.stackTraceLimit = 0;
mountAll();
parentPort?.postMessage(await play(workerData as PlayerData));
