import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, boot } from "./file-support.ts";
import { message, mustClaim } from "./support.ts";
import { watchSyncs } from "./syncs.ts";
import type { Sync } from "./syncs.ts";

/** `datasync ledger.jsonl: try`: what was synced and, for a ledger, its last event. */
function told({ call, on, files }: Sync): string {
  const event = on.flatMap((name) => /"event":"(\w+)"[^\n]*\n$/.exec(files[name] ?? "")?.[1] ?? []);
  return [`${call} ${on.join(" ")}`, ...event].join(": ");
}

test("a message is in processing until its end is synced, in incoming until its claim", async (t) => {
  const { incoming, root, names } = await boot(t);
  await incoming.consumer.open();
  const syncs = await watchSyncs(t, root);
  await incoming.producer.publish(message("u1"));
  const name = "0000000000000001.5.u1.json";
  assert.deepEqual(syncs.seen.splice(0).map(told), [`datasync tmp/${name}`, "sync incoming"]);
  const claim = await mustClaim(incoming.consumer);
  await incoming.consumer.commit(claim);
  assert.deepEqual(syncs.seen.map(told), ["datasync ledger.jsonl: try", "datasync ledger.jsonl: done"]);
  for (const { files } of syncs.seen) {
    assert.deepEqual(
      Object.keys(files).filter((path) => path.endsWith(name)),
      [`processing/${name}`],
    );
  }
  assert.deepEqual(await names("processing"), []);
});

test("a sent message lies in outgoing until its end is synced", async (t) => {
  const { outgoing, root, names } = await boot(t);
  await outgoing.consumer.open();
  await outgoing.producer.publish(answer("u1"));
  const claim = await mustClaim(outgoing.consumer);
  const syncs = await watchSyncs(t, root);
  await outgoing.consumer.commit(claim);
  assert.deepEqual(syncs.seen.map(told), ["datasync sent.jsonl: done"]);
  assert.ok(syncs.seen[0]?.files["outgoing/0000000000000001.5.u1.json"]);
  assert.deepEqual(await names("outgoing"), []);
});

test("a buried message is in work until its dead letter, the reason and the ledger are synced", async (t) => {
  const { incoming, root, names } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  const claim = await mustClaim(incoming.consumer);
  const syncs = await watchSyncs(t, root);
  await incoming.consumer.bury(claim, "refused");
  const name = "0000000000000001.5.u1.json";
  assert.deepEqual(syncs.seen.map(told), [
    `datasync dead-letter/${name}.why`,
    "sync dead-letter",
    "sync dead-letter",
    "datasync ledger.jsonl: dead",
  ]);
  const letters = syncs.seen.map(({ files }) =>
    [`processing/${name}`, `dead-letter/${name}`].filter((at) => files[at]),
  );
  assert.deepEqual(letters, [
    [`processing/${name}`],
    [`processing/${name}`],
    [`processing/${name}`, `dead-letter/${name}`],
    [`processing/${name}`, `dead-letter/${name}`],
  ]);
  assert.deepEqual(await names("processing"), []);
});
