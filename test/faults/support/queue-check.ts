/** What a process has left of the walk of message `u1`, what the crash table says of that, and whether it came to be. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { incomingSchema, outgoingSchema } from "../../../src/core/queue/message.ts";
import { readMessage } from "../../../src/core/queue/read-message.ts";
import { FOLDERS, leftIn, rowOf } from "./queue-rows.ts";
import type { Left } from "./queue-rows.ts";
import { CHUNKS, DOOMED, LONG, walk } from "./queue-walk.ts";

/** What lies in place of a message. */
export const TORN = '{"channel":"telegram"';

/** Files that bear a message's name in a folder where messages are whole, and are not. */
export async function torn(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ["incoming", "processing", "outgoing"]) {
    for (const name of await readdir(join(root, folder)).catch(() => [])) {
      const path = join(root, folder, name);
      const read =
        folder === "outgoing" ? await readMessage(path, outgoingSchema) : await readMessage(path, incomingSchema);
      if (read.status !== "message") found.push(`${folder}/${name}: ${JSON.stringify(read)}`);
    }
  }
  return found;
}

/** Every acknowledgement names what must be on disk from then on. */
function keptPromises(told: readonly string[], left: Left): void {
  const { names, ledger, sent, deliveries } = left;
  const has = (line: string): boolean => told.includes(line);
  const isAnswered = names.outgoing.length > 0 || sent === "done";
  const isStored = names.incoming.length + names.processing.length > 0 || ledger === "done";
  const at = JSON.stringify(left);
  assert.ok(names.incoming.length + names.processing.length <= 1, `the message is there twice: ${at}`);
  assert.ok(names.outgoing.length <= 1, `the answer is there twice: ${at}`);
  if (has("published")) assert.ok(isStored, `the message is lost: ${at}`);
  if (has("answered")) assert.ok(isAnswered, `the answer is lost: ${at}`);
  if (has("committed")) assert.equal(ledger, "done", `its end is lost: ${at}`);
  if (ledger === "done") assert.ok(isAnswered, `\`done\` without an answer: ${at}`);
  if (has("intended")) assert.ok(["intend", "sent", "done"].includes(deliveries ?? ""), `the intent is lost: ${at}`);
  if (has("posted")) assert.ok(["sent", "done"].includes(deliveries ?? ""), `that it was posted is lost: ${at}`);
  if (has("finished")) assert.equal(sent, "done", `its end is lost: ${at}`);
}

interface Outcome {
  readonly row: string;
  readonly outcome: string;
}

/**
 * Holds what is left to what was told, and a start that follows to the crash table: the sender repeats what it has no
 * acknowledgement of, an answer that exists is not made again, what may be in the chat is marked.
 */
export async function recoverAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  keptPromises(told, left);
  assert.deepEqual(await torn(root), []);
  const isAnswered = left.names.outgoing.length > 0 || left.sent === "done";
  const isPosted = left.sent === "done" || left.deliveries === "sent";

  const again: string[] = [];
  await walk(root, (line) => again.push(line), told.includes("published") ? undefined : "u1");
  const turns = again.filter((line) => line.startsWith("turn "));
  const chat = again.filter((line) => line.startsWith("chat "));
  const wasCutOff = left.ledger === "try";
  assert.deepEqual(turns, isAnswered ? [] : [`turn ${wasCutOff ? 1 : 0}`], rowOf("walk", left));
  const way = left.deliveries === "intend" ? "marked" : "plain";
  assert.deepEqual(chat, isPosted ? [] : [`chat ${way}`], rowOf("walk", left));
  const all = [...told, ...again].filter((line) => line.startsWith("chat "));
  assert.ok(all.length > 0, "nothing came into the chat");
  assert.ok(all.filter((line) => line === "chat plain").length <= 1, "answered twice");

  // Whatever comes again, by a sender that does not know, is known.
  const third: string[] = [];
  await walk(root, (line) => third.push(line), "u1");
  assert.deepEqual(third, ["open", "published"]);
  const after = await leftIn(root);
  for (const folder of FOLDERS) assert.deepEqual(after.names[folder], [], `left in ${folder}/`);
  assert.deepEqual([after.ledger, after.sent], ["done", "done"]);
  const parts = [turns.length > 0 ? `run (${wasCutOff ? "told of the cut" : "first time"})` : "not run", chat.join("")];
  return { row: rowOf("walk", left), outcome: parts.filter((part) => part !== "").join(", ") };
}

/** The same for the message that fails: it is one dead letter in the end, its reason with it, and its topic is told once. */
export async function buryAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  const { names } = left;
  const at = JSON.stringify(left);
  assert.deepEqual(await torn(root), []);
  const letters = names["dead-letter"].filter((name) => !name.endsWith(".why"));
  if (told.includes("published")) {
    assert.ok(names.incoming.length + names.processing.length + letters.length > 0, `the message is lost: ${at}`);
  }
  if (told.includes("buried")) assert.deepEqual([letters.length, names.processing], [1, []], at);
  for (const name of letters)
    assert.ok(names["dead-letter"].includes(`${name}.why`), `a letter without a reason: ${at}`);

  const again: string[] = [];
  await walk(root, (line) => again.push(line), told.includes("published") ? undefined : DOOMED);
  const turns = again.filter((line) => line.startsWith("turn ")).length;
  if (told.includes("retried")) assert.equal(turns, 0, `run again, though it had failed: ${at}`);
  const after = await leftIn(root);
  const letter = after.names["dead-letter"].find((name) => !name.endsWith(".why")) ?? "none";
  assert.deepEqual([...after.names["dead-letter"]].sort(), [letter, `${letter}.why`], at);
  for (const folder of FOLDERS) {
    if (folder !== "dead-letter") assert.deepEqual(after.names[folder], [], `left in ${folder}/: ${at}`);
  }
  assert.equal(after.ledger, "dead");
  const chat = [...told, ...again].filter((line) => line.startsWith("chat "));
  assert.ok(chat.length > 0 && chat.filter((line) => line === "chat plain").length <= 1, `told ${chat.join()}: ${at}`);
  return { row: rowOf("doom", left), outcome: `buried, told once, ${turns} turns` };
}

/** The same for an answer of several chunks: it goes on at the first that is not there. */
export async function resumeAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  assert.deepEqual(await torn(root), []);
  const again: string[] = [];
  await walk(root, (line) => again.push(line), told.includes("published") ? undefined : LONG);
  const isOver = left.sent === "done" || left.posted === CHUNKS;
  const due = isOver ? [] : Array.from({ length: CHUNKS - left.posted }, (_, n) => `chat plain ${left.posted + n}`);
  if (left.deliveries === "intend") due[0] = `chat marked ${left.posted}`;
  const chat = again.filter((line) => line.startsWith("chat "));
  assert.deepEqual(chat, due, rowOf("long", left));
  const plain = [...told, ...chat].filter((line) => line.startsWith("chat plain"));
  assert.equal(new Set(plain).size, plain.length, "a chunk came twice");
  const after = await leftIn(root);
  for (const folder of FOLDERS) assert.deepEqual(after.names[folder], [], `left in ${folder}/`);
  return { row: rowOf("long", left), outcome: due.join(", ") || "not posted again" };
}

/** The same for a file that another program dropped: it is one message. */
export async function adoptAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  const again: string[] = [];
  await walk(root, (line) => again.push(line));
  const plain = [...told, ...again].filter((line) => line === "chat plain");
  assert.ok(plain.length <= 1, `answered twice: ${JSON.stringify(left)}`);
  const turns = again.filter((line) => line.startsWith("turn ")).length;
  assert.equal(turns, left.names.outgoing.length > 0 || left.sent === "done" ? 0 : 1, rowOf("dropped", left));
  const after = await leftIn(root);
  for (const folder of FOLDERS) assert.deepEqual(after.names[folder], [], `left in ${folder}/`);
  assert.deepEqual([after.ledger, after.sent], ["done", "done"]);
  return { row: rowOf("dropped", left), outcome: `${turns} turns` };
}

/** The same for a file that is no message: it is put aside whole, with its reason, and run by nobody. */
export async function quarantineAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  const again: string[] = [];
  await walk(root, (line) => again.push(line));
  assert.deepEqual(
    [...told, ...again].filter((line) => line.startsWith("turn ")),
    [],
  );
  const after = await leftIn(root);
  const [name = "none", ...others] = after.names.corrupt.filter((each) => !each.endsWith(".why"));
  assert.deepEqual(others, []);
  assert.ok(after.names.corrupt.includes(`${name}.why`), `without a reason: ${JSON.stringify(after)}`);
  assert.equal(await readFile(join(root, "corrupt", name), "utf8"), TORN);
  for (const folder of FOLDERS) if (folder !== "corrupt") assert.deepEqual(after.names[folder], [], folder);
  return { row: rowOf("torn", left), outcome: "put aside, not run" };
}
