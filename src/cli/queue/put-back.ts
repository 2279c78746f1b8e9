import { rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { publishFile, syncDirectory } from "../../core/atomic-file.ts";
import { describeError } from "../../core/errors.ts";
import { inodeOf } from "../../core/queue/aside.ts";
import { describeIssues, encodeEnvelope, parseDropped, parseEnvelope } from "../../core/queue/envelope.ts";
import { formatFileName, keyOf } from "../../core/queue/file-name.ts";
import type { FileName } from "../../core/queue/file-name.ts";
import type { MessageKind } from "../../core/queue/file-producer.ts";
import { isAnswered, readAnswers } from "../../core/queue/file-queue.ts";
import { incomingKind, outgoingKind } from "../../core/queue/kinds.ts";
import { keysIn, queueLayout } from "../../core/queue/layout.ts";
import { isOver, readEndings } from "../../core/queue/ledger.ts";
import { droppedSchema } from "../../core/queue/message.ts";
import { readQueueFile } from "../../core/queue/read-file.ts";
import { pathIn, stays, whyName } from "./letters.ts";
import type { Letter } from "./letters.ts";

/** Where a letter goes, and whether its bytes can go there as they are. */
interface Way {
  readonly folder: "incoming" | "outgoing";
  readonly name: string;
  /** Undefined when it has none yet. */
  readonly key: string | undefined;
  /** What is to stand there in place of the letter's own bytes. */
  readonly bytes?: Buffer;
}

/**
 * Puts a letter back to where it came from, in the form the queue wants, and answers its new place below `queue/`. A
 * bot that runs takes it up at once, one that does not at its start; a dead letter has all its tries again, since the
 * ledger forgot them. Throws `letter_stays`; then it still lies where it was.
 */
export async function putBack(queueDir: string, letter: Letter): Promise<string> {
  const way = await findWay(queueDir, letter);
  const layout = queueLayout(queueDir);
  const dir = layout[way.folder];
  const target = join(dir, way.name);
  if ((await inodeOf(target)) !== undefined) {
    throw stays(letter, `queue/${way.folder} holds a file of its name already: that one will be run`);
  }
  const path = pathIn(letter.dir, letter.rawName);
  try {
    if (way.bytes === undefined) {
      await rename(path, target);
      await syncDirectory(dir);
    } else {
      await publishFile({ tmpDir: layout.tmp, dir, name: way.name, bytes: way.bytes });
      await unlink(path);
    }
    await unlink(pathIn(letter.dir, whyName(letter))).catch(() => undefined);
    await syncDirectory(letter.dir);
  } catch (error) {
    throw stays(letter, describeError(error), error);
  }
  return `${way.folder}/${way.name}`;
}

async function findWay(queueDir: string, letter: Letter): Promise<Way> {
  const file = await readQueueFile(pathIn(letter.dir, letter.rawName));
  if (file.status !== "read") throw stays(letter, file.status === "unfit" ? file.reason : `it is ${file.status}`);
  const way = letter.own === undefined ? foreignWay(letter, file.bytes) : ownWay(letter, letter.own, file.bytes);
  const obstacle = way.key === undefined ? undefined : await obstacleTo(queueDir, way.folder, way.key, letter.own?.seq);
  if (obstacle !== undefined) throw stays(letter, obstacle);
  return way;
}

/** A file of another program: the consumer adopts it under whatever name, if it can. */
function foreignWay(letter: Letter, bytes: Buffer): Way {
  const parsed = parseDropped(bytes);
  if (parsed.status === "corrupt") throw stays(letter, `it is still no message: ${parsed.reason}`);
  const checked = droppedSchema.safeParse(parsed.value);
  if (!checked.success) throw stays(letter, `it is still no message: ${describeIssues(checked.error)}`);
  const { messageId } = checked.data;
  const key = messageId === undefined ? undefined : keyOf(messageId);
  return { folder: "incoming", name: `retried-${letter.id}.json`, key };
}

/** A file of ours goes back under its number and key; one that was mended by hand is sealed anew. */
function ownWay(letter: Letter, own: FileName, bytes: Buffer): Way {
  const sealed = parseEnvelope(bytes);
  const parsed = sealed.status === "ok" ? sealed : parseDropped(bytes);
  if (parsed.status === "corrupt") throw stays(letter, `it is still no message: ${parsed.reason}`);
  const incoming = incomingKind.schema.safeParse(parsed.value);
  const outgoing = incoming.success ? undefined : outgoingKind.schema.safeParse(parsed.value);
  // Its thread and source may be among what was mended, and both stand in the name.
  const way = <M>(folder: Way["folder"], { laneOf, rankOf }: MessageKind<M>, message: M): Way => {
    const { key } = own;
    if (sealed.status === "ok") return { folder, name: formatFileName(own), key };
    const name = formatFileName({ ...own, lane: laneOf(message), rank: rankOf(message) });
    return { folder, name, key, bytes: encodeEnvelope(message) };
  };
  if (incoming.success) return way("incoming", incomingKind, incoming.data);
  if (outgoing?.success === true) return way("outgoing", outgoingKind, outgoing.data);
  throw stays(letter, `it is still no message: ${describeIssues(incoming.error)}`);
}

/** Why the bot would take it for a repeat, and remove it; undefined when it would not. */
async function obstacleTo(
  queueDir: string,
  folder: Way["folder"],
  key: string,
  seq: number | undefined,
): Promise<string | undefined> {
  const { ledger, sent, incoming, processing, outgoing } = queueLayout(queueDir);
  const [book, folders] = folder === "outgoing" ? [sent, [outgoing]] : [ledger, [incoming, processing]];
  if ((await keysIn(...folders)).has(key)) {
    return "another message of its messageId waits or is in work: try again when that has ended";
  }
  const ending = (await readEndings(book)).get(key);
  const now = Date.now();
  const hasEnded = isOver(ending, seq, now);
  const hasAnswer = folder === "incoming" && isAnswered((await readAnswers(queueDir)).get(key), seq, now);
  if (hasAnswer || (hasEnded && ending?.event === "done")) {
    return "its messageId was answered since, and is answered once: send it anew under another one";
  }
  return hasEnded ? "its messageId is that of another dead letter: retry that one" : undefined;
}
