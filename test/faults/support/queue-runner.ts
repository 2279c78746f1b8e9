/**
 * A process that works on the queue in a folder. A line on stdout is written when what it says has been acknowledged. A failed
 * sync ends it with 70.
 *
 *   walk <folder>                 takes a message over its whole way
 *   doom <folder>                 takes one to its burial
 *   long <folder>                 takes one whose answer is long
 *   rest <folder>                 takes what is there
 *   load <folder>                 takes many, until it is killed
 *   jump <folder> <file> <by>     has its clock changed
 *   churn <folder> <renames>      changes names in incoming/, then publishes a hundred messages
 */
import { renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describeError, isSyncFailure } from "../../../src/core/errors.ts";
import { incomingProducer, prepareQueue } from "../../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { jump } from "./queue-clock.ts";
import { load } from "./queue-load.ts";
import { DOOMED, LONG, question, walk } from "./queue-walk.ts";

const [, , what, root = "", third = "", fourth = ""] = process.argv;

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

/** The names are none of a message, so that a reader of the kernel's hints has no reason to look. */
async function churn(renames: number): Promise<void> {
  const names = ["one", "other"].map((name) => join(root, "incoming", name));
  writeFileSync(names[0] ?? "", "");
  for (let n = 0; n < renames; n += 1) renameSync(names[n % 2] ?? "", names[(n + 1) % 2] ?? "");
  const producer = incomingProducer({ root, sequence: sharedSequence(await prepareQueue(root)) });
  for (let n = 0; n < 100; n += 1) await producer.publish(question(`u${n}`));
}

try {
  if (what === "walk") await walk(root, tell, "u1");
  else if (what === "doom") await walk(root, tell, DOOMED);
  else if (what === "long") await walk(root, tell, LONG);
  else if (what === "rest") await walk(root, tell);
  else if (what === "load") await load(root, tell);
  else if (what === "jump") await jump(root, third, fourth, tell);
  else await churn(Number(third));
} catch (error) {
  tell(`ended ${describeError(error)}`);
  process.exit(isSyncFailure(error) ? 70 : 1);
}
