/**
 * A queue whose wall clock jumps while a message waits for its next try, in a process under libfaketime. Tells, as JSON, how
 * long it waited and in which order all came.
 */
import { writeFileSync } from "node:fs";
import { systemClock } from "../../../src/core/clock.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import { openEnds, question } from "./queue-walk.ts";
import type { Tell } from "./queue-walk.ts";

export const RETRY_MS = 1500;
const MINUTE_MS = 60_000;

export interface JumpTold {
  /** By how much the wall clock went beyond what has passed, ms. */
  readonly jumpedMs: number;
  /** From the retry to the next claim of that message, ms. */
  readonly waitedMs: number;
  /** In the order of their claims, those after a restart too. */
  readonly keys: readonly string[];
}

/** `file` is where libfaketime looks for what to add to the time, `by` what to put there. */
export async function jump(root: string, file: string, by: string, tell: Tell): Promise<void> {
  const ends = await openEnds(root);
  for (const key of ["a", "b"]) await ends.questions.publish(question(key));
  const first = await waitFor(ends.incoming);
  const wall = systemClock.now();
  const start = systemClock.monotonic();
  await ends.incoming.retry(first, { delayMs: RETRY_MS, counts: true, reason: "refused" });
  writeFileSync(file, by);
  while (Math.abs(systemClock.now() - wall) < MINUTE_MS) await systemClock.sleep(10);
  const jumpedMs = systemClock.now() - wall;
  await ends.questions.publish(question("c"));
  const again = await waitFor(ends.incoming);
  const waitedMs = systemClock.monotonic() - start;
  const keys = [again.key];
  await ends.incoming.commit(again);
  await ends.close();

  const later = await openEnds(root);
  await later.questions.publish(question("a"));
  await later.questions.publish(question("d"));
  for (let n = 0; n < 3; n += 1) {
    const claim = await waitFor(later.incoming);
    keys.push(claim.key);
    await later.incoming.commit(claim);
  }
  later.incoming.notify();
  const more = await later.incoming.claim();
  if (more !== undefined) keys.push(more.key);
  await later.close();
  const told: JumpTold = { jumpedMs, waitedMs, keys };
  tell(JSON.stringify(told));
}

async function waitFor<M>(consumer: Consumer<M>): Promise<Claim<M>> {
  for (;;) {
    consumer.notify();
    const claim = await consumer.claim();
    if (claim !== undefined) return claim;
    await systemClock.sleep(10);
  }
}
