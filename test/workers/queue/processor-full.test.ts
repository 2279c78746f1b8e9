import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { incomingConsumer } from "../../../src/core/queue/file-queue.ts";
import { eventually } from "../../support/eventually.ts";
import { noSmallDisk, smallDisk } from "../../support/small-disk.ts";
import { openRig } from "./processor-rig.ts";

test("a directory that the disk has no room for costs the message nothing", { skip: noSmallDisk }, async (t) => {
  const small = await smallDisk(t);
  await small.fillInodes(0);
  const rig = await openRig(t, {}, join(small.path, "workspace"));
  await rig.publish({});
  await rig.processor.start();
  const ledger = (): Promise<string> => readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
  await eventually("the return", async () => ((await ledger()).includes('"release"') ? true : undefined));
  await small.clear();
  const said = await eventually("the answer", async () => ((await rig.said()).length > 0 ? rig.said() : undefined));
  assert.equal(said[0]?.kind, "answer");
  assert.doesNotMatch(await ledger(), /"fail"/);
});

for (const where of ["history", "ledger"] as const) {
  test(`an answer that is durable is not worked out again when the ${where} has no room`, async (t) => {
    const rig = await openRig(t);
    const full = Object.assign(new Error("write"), { code: "ENOSPC" });
    const record = rig.history.record.bind(rig.history);
    const commit = rig.incoming.commit.bind(rig.incoming);
    let refusals = 0;
    const refuse = (is: boolean): boolean => {
      if (is) refusals += 1;
      return is && refusals === 1;
    };
    rig.history.record = (entry) =>
      refuse(where === "history" && entry.direction === "out") ? Promise.reject(full) : record(entry);
    rig.incoming.commit = (claim) => (refuse(where === "ledger") ? Promise.reject(full) : commit(claim));
    await rig.publish({});
    await rig.processor.start();
    await eventually("the end", async () => {
      const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
      return ledger.includes('"done"') ? true : undefined;
    });
    assert.equal((await rig.turnsBegun()).length, 1);
    assert.deepEqual(
      (await rig.said()).map(({ kind }) => kind),
      ["answer"],
    );
    assert.ok(refusals > 0);
  });
}

test("a message whose answer is durable and whose commit the stop overtakes is done at the next start", async (t) => {
  const rig = await openRig(t);
  let commits = 0;
  rig.incoming.commit = () => {
    commits += 1;
    return Promise.reject(Object.assign(new Error("write"), { code: "ENOSPC" }));
  };
  await rig.publish({});
  await rig.processor.start();
  await eventually("the commit", async () => (commits > 0 ? true : undefined));
  await rig.processor.stop(0);
  assert.equal((await rig.names("processing")).length, 1);
  const next = incomingConsumer(rig.ends);
  await next.open();
  t.after(() => next.close());
  assert.deepEqual([next.depth(), commits], [{ waiting: 0, claimed: 0 }, 1]);
});
