/**
 * The walk of one message over a disk that refuses: what was not stored is not acknowledged, no message is cut short, and a
 * failed sync ends the process; after the start that follows the message is answered once.
 * The sample has the first error of each call.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { outgoingProducer, incomingProducer, prepareQueue } from "../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../src/core/queue/sequence.ts";
import { noSmallDisk, smallDisk } from "../support/small-disk.ts";
import { tempDir } from "../support/temp-dir.ts";
import { isFull } from "./support/counts.ts";
import { buryAndCheck, recoverAndCheck, torn } from "./support/queue-check.ts";
import { leftIn } from "./support/queue-rows.ts";
import { noTrace, walkWith } from "./support/queue-trace.ts";
import type { Place } from "./support/queue-trace.ts";
import { openEnds, question, walk } from "./support/queue-walk.ts";

const timeout = 300_000;
const table: string[] = [];
after(() => process.stdout.write(table.map((line) => `# ${line}\n`).join("")));

/** Which error each call can give; the sample takes the first. */
const ERRORS: readonly (readonly [Place | "openat", readonly string[]])[] = [
  ["link", ["ENOSPC", "EIO", "EROFS"]],
  ["rename", ["EIO", "ENOSPC", "EROFS"]],
  ["unlink", ["EROFS", "EIO"]],
  ["fsync", ["EIO", "ENOSPC"]],
  ["fdatasync", ["EIO", "ENOSPC"]],
  ["openat", ["EMFILE", "EROFS", "ENOSPC"]],
  ["write", ["ENOSPC", "EIO"]],
  ["write deliveries", ["ENOSPC", "EIO"]],
];

for (const [place, all] of ERRORS) {
  for (const error of isFull ? all : all.slice(0, 1)) {
    test(`with ${error} from each ${place}, the message is answered once`, { skip: noTrace, timeout }, async (t) => {
      const dir = await tempDir(t);
      const isSync = place.endsWith("sync");
      let ends = 0;
      let refused = 0;
      let unseen = 0;
      for (let n = 1; ; n += 1) {
        const root = join(dir, String(n));
        const { told, code, signal, injected } = await walkWith(root, place, `error=${error}:when=${n}`);
        assert.equal(signal, null);
        if (!injected) break;
        if (code === 0) {
          assert.ok(!isSync, `a sync failed, and the process went on: ${told.join("\n")}`);
          if (told.some((line) => line.startsWith("failed "))) refused += 1;
          else unseen += 1;
          await answeredOnce(root, told);
        } else {
          ends += 1;
          if (isSync) assert.equal(code, 70, told.join("\n"));
          else assert.ok(!told.includes("open"), `it has ended the process: ${told.join("\n")}`);
          await recoverAndCheck(root, told);
        }
      }
      assert.ok(ends + refused + unseen > 0, "no call was refused");
      table.push(
        `${error} from ${place}: ${ends} ended the process, ${refused} were tried again, ${unseen} did no harm`,
      );
    });
  }
}

for (const [place, error] of [
  ["link", "ENOSPC"],
  ["write", "EIO"],
  ["rename", "EROFS"],
  ["fsync", "EIO"],
  ["fdatasync", "EIO"],
] as const) {
  const isSample = place === "link" || place === "write";
  const skip = isFull || isSample ? noTrace : "part of the full counts alone: FAULTS=full";
  test(`with ${error} from each ${place}, a message that fails is buried once`, { skip, timeout }, async (t) => {
    const dir = await tempDir(t);
    let walks = 0;
    for (;;) {
      const root = join(dir, String(walks + 1));
      const { told, injected } = await walkWith(root, place, `error=${error}:when=${walks + 1}`, "doom");
      if (!injected) break;
      walks += 1;
      await buryAndCheck(root, told);
    }
    assert.ok(walks > 0, "no call was refused");
    table.push(`${error} from ${place}: ${walks} burials, each once`);
  });
}

/** What one process brought to its end in spite of the error. */
async function answeredOnce(root: string, told: readonly string[]): Promise<void> {
  for (const line of ["published", "answered", "committed", "posted", "finished"]) {
    assert.equal(told.filter((each) => each === line).length, 1, `${line}: ${told.join("\n")}`);
  }
  assert.deepEqual(
    told.filter((line) => line.startsWith("chat ")),
    ["chat plain"],
  );
  const again: string[] = [];
  await walk(root, (line) => again.push(line), "u1");
  assert.deepEqual(again, ["open", "published"]);
  const { names } = await leftIn(root);
  for (const [folder, left] of Object.entries(names)) assert.deepEqual(left, [], `left in ${folder}/`);
}

test(
  "a write that the kernel cuts short leaves no message that is cut short",
  { skip: noSmallDisk, timeout },
  async (t) => {
    const disk = await smallDisk(t, { mib: 1 });
    const root = join(disk.path, "queue");
    const options = { root, sequence: sharedSequence(await prepareQueue(root)) };
    const large = { ...question("large"), message: "large ".repeat(10_000) };
    let refused = 0;
    for (const free of [0, 1, 4, 8, 16, 32, 56]) {
      await disk.fill(free * 1024);
      for (const producer of [incomingProducer(options), outgoingProducer(options)]) {
        await assert.rejects(producer.publish(large), { code: "queue_write_failed" });
        refused += 1;
      }
      assert.deepEqual([await readdir(join(root, "incoming")), await readdir(join(root, "tmp"))], [[], []]);
      assert.deepEqual([await readdir(join(root, "outgoing")), await torn(root)], [[], []]);
      await disk.clear();
    }
    await incomingProducer(options).publish(large);
    const ends = await openEnds(root);
    const claim = await ends.incoming.claim();
    assert.equal(claim?.message.message, large.message);
    await ends.close();
    table.push(`short writes: ${refused} refused, the message is whole once there is room`);
  },
);
