import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { ArchiveWriter } from "../../../src/cli/backup/archive-writer.ts";
import { copyQueue } from "../../../src/cli/backup/copy-queue.ts";
import { Folder } from "../../../src/cli/backup/folder.ts";
import { readEndings } from "../../../src/core/queue/ledger.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import type { Claim } from "../../../src/core/queue/queue.ts";
import { answer, boot } from "../../core/queue/file-support.ts";
import type { Run } from "../../core/queue/file-support.ts";
import { claimNow, message, mustClaim, temporaryFolder } from "../../core/queue/support.ts";
import { restoreTo } from "./scene.ts";

const timeout = 600_000;

type Step = () => Promise<void>;
type Question = "entries" | "folder" | "file";

/** What happens to a message, a step at a time: it fails once, is answered and posted; or it is buried. */
function lifeOf({ incoming, outgoing }: Run, end: "posted" | "buried"): Step[] {
  let claim: Claim<IncomingMessage> | undefined;
  let post: Claim<OutgoingMessage> | undefined;
  const claimed = (): Claim<IncomingMessage> => claim ?? assert.fail("nothing is in work");
  const begin: Step = async () => {
    claim = await mustClaim(incoming.consumer);
  };
  if (end === "buried") return [begin, () => incoming.consumer.bury(claimed(), "for good")];
  return [
    begin,
    () => incoming.consumer.retry(claimed(), { delayMs: 0, counts: true, reason: "once" }),
    begin,
    () => outgoing.producer.publish(answer(claimed().key)),
    () => incoming.consumer.commit(claimed()),
    async () => {
      post = await mustClaim(outgoing.consumer);
    },
    () => outgoing.consumer.commit(post ?? assert.fail("nothing is posted")),
  ];
}

/** A folder that calls `before` each time something is asked of it or of those below. */
function hooked(folder: Folder, before: (question: Question) => Promise<void>): Folder {
  const below = (child: Folder | undefined): Folder | undefined => child && hooked(child, before);
  const methods = {
    mode: folder.mode,
    close: () => folder.close(),
    entries: async () => {
      await before("entries");
      return folder.entries();
    },
    folder: async (name: string) => {
      await before("folder");
      return below(await folder.folder(name));
    },
    file: async (name: string) => {
      await before("file");
      return folder.file(name);
    },
  };
  return methods as unknown as Folder;
}

/** A backup of a queue alone, with something done before whatever it asks of the disk. */
async function copyOf(root: string, before: (question: Question) => Promise<void>): Promise<Buffer> {
  const folder = await Folder.open(root);
  assert.ok(folder !== undefined);
  const archive = new ArchiveWriter();
  const pieces = [...archive.begin("1", 1)];
  const copying = { archive, leftOut: new Map<string, string>() };
  for await (const piece of copyQueue(copying, hooked(folder, before), "data/queue")) pieces.push(piece);
  await folder.close();
  return gzipSync(Buffer.concat([...pieces, ...archive.end()]), { level: 1 });
}

/** What a bot makes of what was restored: every key that ends there, with repeats, and those of before. */
async function outcomeOf(t: TestContext, root: string): Promise<string[]> {
  const ends = [...(await readEndings(join(root, "sent.jsonl"))).keys()];
  const { incoming, outgoing, names } = await boot(t, root);
  ends.push(
    ...(await names("dead-letter")).filter((name) => name.endsWith(".json")).map((name) => name.split(".")[2] ?? ""),
  );
  await incoming.consumer.open();
  await outgoing.consumer.open();
  for (let claim = await claimNow(incoming.consumer); claim; claim = await claimNow(incoming.consumer)) {
    await outgoing.producer.publish(answer(claim.key));
    await incoming.consumer.commit(claim);
  }
  for (let claim = await claimNow(outgoing.consumer); claim; claim = await claimNow(outgoing.consumer)) {
    ends.push(claim.key);
    await outgoing.consumer.commit(claim);
  }
  await incoming.consumer.close();
  await outgoing.consumer.close();
  return ends.sort();
}

interface Round {
  /** The question from which on messages move on, `pace` steps at once. */
  readonly first: number;
  readonly pace: number;
  /** Whether no two lists are ever alike. */
  readonly isBusy: boolean;
}

/** Does one backup during which messages move on; answers how many questions it asked. */
async function oneRound(t: TestContext, dir: string, { first, pace, isBusy }: Round): Promise<number> {
  const data = join(dir, `data-${first}`);
  const bot = await boot(t, join(data, "queue"));
  await bot.incoming.consumer.open();
  await bot.outgoing.consumer.open();
  for (const id of ["u1", "u2"]) await bot.incoming.producer.publish(message(id));
  const steps = [...lifeOf(bot, "posted"), ...lifeOf(bot, "buried")];
  const restless = join(data, "queue", "corrupt");
  await writeFile(join(restless, "0"), "a file whose name changes all the time");
  let asked = 0;
  const archive = await copyOf(join(data, "queue"), async () => {
    asked += 1;
    if (isBusy) await rename(join(restless, String(asked - 1)), join(restless, String(asked)));
    if (asked >= first) for (const step of steps.splice(0, pace)) await step();
  });
  await bot.incoming.consumer.close();
  await bot.outgoing.consumer.close();
  const copy = join(dir, `copy-${first}`);
  await restoreTo(archive, copy);
  const outcome = await outcomeOf(t, join(copy, "queue"));
  const what = `from question ${first} on, ${pace} at once`;
  assert.deepEqual(
    outcome.filter((key) => key.startsWith("u")),
    ["u1", "u2"],
    what,
  );
  assert.equal(new Set(outcome).size, outcome.length, what);
  return asked;
}

for (const isBusy of [false, true]) {
  for (const pace of isBusy ? [2, 9] : [1, 3, 5]) {
    const title = `wherever in a backup of a ${isBusy ? "restless" : "quiet"} queue messages move on, ${pace} steps at once, each ends once after a restore`;
    test(title, { timeout }, async (t) => {
      const dir = await temporaryFolder(t);
      for (let first = 1, asked = first; first <= asked; first += 1) {
        asked = await oneRound(t, dir, { first, pace, isBusy });
      }
    });
  }
}

test(
  "a queue in which a message is never where it was listed fails the backup, in place of missing from it",
  { timeout },
  async (t) => {
    const root = join(await temporaryFolder(t), "queue");
    const { incoming, path, names } = await boot(t, root);
    await incoming.producer.publish(message("u1"));
    const [name = ""] = await names("incoming");
    const there = path("incoming", name);
    const away = path("away");
    let isAway = false;
    const hide = async (question: Question): Promise<void> => {
      if ((question === "file") === isAway) return;
      await (isAway ? rename(away, there) : rename(there, away));
      isAway = !isAway;
    };
    await assert.rejects(copyOf(root, hide), { code: "backup_failed" });
  },
);
