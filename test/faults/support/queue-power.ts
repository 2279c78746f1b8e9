/** What a queue under load has acknowledged, held against what a power failure has left of it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parseLine } from "../../../src/core/jsonl-files.ts";
import { parseFileName } from "../../../src/core/queue/file-name.ts";
import { foldersOf, namesIn, queueLayout } from "../../../src/core/queue/layout.ts";
import { readEndings } from "../../../src/core/queue/ledger.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import { torn } from "./queue-check.ts";
import { answerTo, openEnds } from "./queue-walk.ts";

interface Counted {
  readonly published: number;
  readonly answered: number;
  readonly finished: number;
}

/** The lines of `queue-load` from before that moment, without their times. */
export function toldBefore(lines: readonly string[], end: number): string[] {
  return lines.flatMap((line) => {
    const space = line.lastIndexOf(" ");
    return Number(line.slice(space + 1)) < end ? [line.slice(0, space)] : [];
  });
}

/** Checks what is on disk, starts a queue over it, works it off, and checks the end. */
export async function checkAfterCut(root: string, told: readonly string[]): Promise<Counted> {
  const layout = queueLayout(root);
  const keys = (what: string): string[] => told.flatMap((line) => (line.startsWith(`${what} `) ? [keyIn(line)] : []));
  assert.deepEqual(await torn(root), []);
  const done = await readEndings(layout.ledger);
  const sent = await readEndings(layout.sent);
  const stored = await keysOf([layout.incoming, layout.processing]);
  const answers = await keysOf([layout.outgoing]);
  missing("published", keys("published"), (key) => stored.includes(key) || done.has(key));
  missing("answered", keys("answered"), (key) => answers.includes(key) || sent.has(key));
  missing("committed", keys("committed"), (key) => done.has(key));
  missing("finished", keys("finished"), (key) => sent.has(key));
  missing("done without an answer", [...done.keys()], (key) => answers.includes(key) || sent.has(key));

  const ends = await openEnds(root);
  const ran = await drain(ends.incoming, (claim) => ends.answers.publish(answerTo(claim)));
  const posted = await drain(ends.outgoing, () => Promise.resolve());
  await ends.close();
  assert.deepEqual(
    ran.filter((key) => answers.includes(key) || sent.has(key)),
    [],
    "run again, though answered",
  );
  assert.deepEqual(
    posted.filter((key) => sent.has(key)),
    [],
    "posted again",
  );
  for (const list of [ran, posted]) {
    assert.equal(new Set(list).size, list.length, "twice");
    inOrder(list);
  }
  missing("published", keys("published"), (key) => sent.has(key) || posted.includes(key));
  for (const folder of foldersOf(layout)) assert.deepEqual(await namesIn(folder), [], folder);
  await wholeLines(layout.ledger);
  return { published: keys("published").length, answered: keys("answered").length, finished: keys("finished").length };
}

function keyIn(line: string): string {
  return line.slice(line.indexOf(" ") + 1);
}

async function keysOf(folders: readonly string[]): Promise<string[]> {
  const names = await Promise.all(folders.map((folder) => namesIn(folder)));
  return names.flat().flatMap((name) => parseFileName(name)?.key ?? []);
}

function missing(what: string, keys: readonly string[], isThere: (key: string) => boolean): void {
  const lost = keys.filter((key) => !isThere(key));
  assert.deepEqual(lost, [], `${what}, and lost: ${lost.length} of ${keys.length}`);
}

/** The keys of a lane, `u<lane>-<n>`, come in the order in which they were published. */
function inOrder(keys: readonly string[]): void {
  const last = new Map<string, number>();
  for (const key of keys) {
    const [lane = "", n = ""] = key.split("-");
    assert.ok(Number(n) > (last.get(lane) ?? -1), `${key} came late: ${keys.join(" ")}`);
    last.set(lane, Number(n));
  }
}

async function drain<M>(consumer: Consumer<M>, work: (claim: Claim<M>) => Promise<void>): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    consumer.notify();
    const claim = await consumer.claim();
    if (claim === undefined) return keys;
    keys.push(claim.key);
    await work(claim);
    await consumer.commit(claim);
  }
}

/** Torn lines are passed over; what a start has written after one is whole. */
async function wholeLines(path: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const last = lines.at(-1) ?? "";
  assert.ok(last === "" || parseLine(Buffer.from(last)) !== undefined, `the last line of ${path} is torn`);
}
