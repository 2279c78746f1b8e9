/**
 * A queue under load, until the process is killed: four lanes, each published, answered and posted on its own. Lines end
 * with when they were told, by `process.hrtime`, s.
 */
import { randomInt } from "node:crypto";
import { systemClock } from "../../../src/core/clock.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import { answerTo, openEnds, question } from "./queue-walk.ts";
import type { Ends, Tell } from "./queue-walk.ts";

const LANES = [5, 6, 7, 8] as const;

export async function load(root: string, write: Tell): Promise<void> {
  const tell: Tell = (line) => {
    write(`${line} ${Number(process.hrtime.bigint()) / 1e9}`);
  };
  const ends = await openEnds(root);
  tell("open");
  await Promise.all([
    ...LANES.map((lane) => publishInto(ends, lane, tell)),
    work(ends.incoming, async (claim) => {
      tell(`turn ${claim.key}`);
      await ends.answers.publish(answerTo(claim));
      tell(`answered ${claim.key}`);
      await ends.incoming.commit(claim);
      tell(`committed ${claim.key}`);
    }),
    work(ends.outgoing, async (claim) => {
      await ends.outgoing.commit(claim);
      tell(`finished ${claim.key}`);
    }),
  ]);
}

/** Bursts with rests between them: what was acknowledged last has no later sync that would save it. */
async function publishInto({ questions }: Ends, lane: number, tell: Tell): Promise<never> {
  for (let n = 0; ; n += 1) {
    const key = `u${lane}-${n}`;
    await questions.publish(question(key, lane));
    tell(`published ${key}`);
    if (n % 3 === 2) await systemClock.sleep(randomInt(20, 250));
  }
}

/** Works off what there is, rests, and begins again: meanwhile messages wait. */
async function work<M>(consumer: Consumer<M>, end: (claim: Claim<M>) => Promise<void>): Promise<never> {
  for (;;) {
    await systemClock.sleep(randomInt(20, 400));
    consumer.notify();
    for (let n = 0; n < 3; n += 1) {
      const claim = await consumer.claim();
      if (claim !== undefined) await end(claim);
    }
  }
}
