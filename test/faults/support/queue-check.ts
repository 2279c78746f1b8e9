/** What a process has left of the walk of message `u1`, what the crash table says of that, and whether it came to be. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseLine } from "../../../src/core/jsonl-files.ts";
import { incomingSchema, outgoingSchema } from "../../../src/core/queue/message.ts";
import { readMessage } from "../../../src/core/queue/read-message.ts";
import { DOOMED, walk } from "./queue-walk.ts";

const FOLDERS = ["incoming", "processing", "outgoing", "tmp", "dead-letter", "corrupt"] as const;
type Folder = (typeof FOLDERS)[number];

interface Left {
  readonly names: Readonly<Record<Folder, readonly string[]>>;
  /** The last event of each. */
  readonly ledger: string | undefined;
  readonly sent: string | undefined;
  readonly deliveries: string | undefined;
}

export async function leftIn(root: string): Promise<Left> {
  const names: Record<Folder, string[]> = {
    incoming: [],
    processing: [],
    outgoing: [],
    tmp: [],
    "dead-letter": [],
    corrupt: [],
  };
  for (const folder of FOLDERS) names[folder] = await readdir(join(root, folder)).catch(() => []);
  const [ledger, sent, deliveries] = await Promise.all(
    ["ledger", "sent", "deliveries"].map((name) => lastEvent(join(root, `${name}.jsonl`))),
  );
  return { names, ledger, sent, deliveries };
}

const eventSchema = z.object({ event: z.string() });

async function lastEvent(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const events = text.split("\n").map((line) => eventSchema.safeParse(parseLine(Buffer.from(line))).data?.event);
  return events.findLast((event) => event !== undefined);
}

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

/** The rows of the crash table, the latest first, as the disk shows them. */
const ROWS: readonly (readonly [name: string, is: (left: Left) => boolean])[] = [
  ["finished", ({ sent, names }) => sent === "done" && names.outgoing.length === 0],
  ["C11 `done` of the answer, which is there still", ({ sent }) => sent === "done"],
  ["C10 the answer is in the chat and written down", ({ deliveries }) => deliveries === "sent"],
  ["C9 the answer is written down as going out", ({ deliveries }) => deliveries === "intend"],
  ["C8 `done`, the answer alone", ({ ledger, names }) => ledger === "done" && names.processing.length === 0],
  ["C7 `done` and processing/", ({ ledger }) => ledger === "done"],
  ["C7 the answer and processing/", ({ names }) => names.outgoing.length > 0],
  ["C6 `try`, the answer in tmp/", ({ ledger, names }) => ledger === "try" && names.tmp.length > 0],
  ["C5 `try` and processing/", ({ ledger }) => ledger === "try"],
  ["C4 processing/", ({ names }) => names.processing.length > 0],
  ["C3 incoming/", ({ names }) => names.incoming.length > 0 && names.tmp.length === 0],
  ["C2 incoming/ and tmp/", ({ names }) => names.incoming.length > 0],
  ["C1 tmp/", ({ names }) => names.tmp.length > 0],
  ["C0 nothing yet", () => true],
];

export const rows: readonly string[] = ROWS.map(([name]) => name);

function rowOf(left: Left): string {
  return ROWS.find(([, is]) => is(left))?.[0] ?? "";
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
  assert.deepEqual(turns, isAnswered ? [] : [`turn ${wasCutOff ? 1 : 0}`], rowOf(left));
  const way = left.deliveries === "intend" ? "marked" : "plain";
  assert.deepEqual(chat, isPosted ? [] : [`chat ${way}`], rowOf(left));
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
  return { row: rowOf(left), outcome: parts.filter((part) => part !== "").join(", ") };
}

/** The same for the message that fails: it is one dead letter in the end, its reason with it, and its topic is told once. */
export async function buryAndCheck(root: string, told: readonly string[]): Promise<Outcome> {
  const left = await leftIn(root);
  const { names, ledger } = left;
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
  const found = FOLDERS.filter((folder) => names[folder].length > 0).map((folder) => `${folder}/`);
  return { row: `${found.join(" ")} ledger: ${ledger ?? "-"}`, outcome: `buried, told once, ${turns} turns` };
}
