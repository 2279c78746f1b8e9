import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { settleQueue } from "../../../src/cli/backup/settle-queue.ts";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import { endedKeys } from "../../../src/core/queue/ledger.ts";
import { boot } from "../../core/queue/file-support.ts";
import { drain, message, temporaryFolder } from "../../core/queue/support.ts";
import { write } from "./scene.ts";

const NAME = "0000000000000001.5.u1.json";
const ANSWER = "0000000000000002.5.u1.json";
const WEEK_MS = 7 * 24 * 3_600_000;
const line = (event: string, seq = 1, ago = 0): string =>
  `${JSON.stringify({ timestamp: Date.now() - ago, key: "u1", event, seq })}\n`;

/** A copied queue with the message u1 in these folders. */
async function copied(t: TestContext, folders: string[], ledgers: Record<string, string> = {}) {
  const root = await temporaryFolder(t);
  for (const folder of folders) {
    await write(join(root, folder, folder === "outgoing" ? ANSWER : NAME), encodeEnvelope(message("u1")));
  }
  for (const [name, text] of Object.entries(ledgers)) await write(join(root, name), text);
  const run = await boot(t, root);
  await settleQueue(root);
  return { root, run };
}

const cases: [string, string[], Record<string, string>, string[], string[]][] = [
  ["one that waits stays", ["incoming"], {}, ["incoming"], ["u1"]],
  ["one that was being claimed is in work", ["incoming", "processing"], {}, ["processing"], ["u1"]],
  ["one that was being buried is dead", ["processing", "dead-letter"], {}, ["dead-letter"], []],
  ["one that was put back and buried is dead", ["incoming", "processing", "dead-letter"], {}, ["dead-letter"], []],
  ["one whose answer was sent is not run", ["incoming"], { "sent.jsonl": line("done", 2) }, ["processing"], []],
  [
    "one whose id was answered a moment ago is not run",
    ["incoming"],
    { "sent.jsonl": line("done", 0) },
    ["processing"],
    [],
  ],
  [
    "one whose id was answered a week ago is run",
    ["incoming"],
    { "sent.jsonl": line("done", 0, WEEK_MS) },
    ["incoming"],
    ["u1"],
  ],
  ["one whose answer waits is not run", ["incoming", "outgoing"], {}, ["processing", "outgoing"], []],
  ["one that is done is not run", ["incoming"], { "ledger.jsonl": line("done") }, ["incoming"], []],
];
for (const [what, folders, ledgers, settled, answered] of cases) {
  test(what, async (t) => {
    const { run } = await copied(t, folders, ledgers);
    const all = ["incoming", "processing", "outgoing", "dead-letter"];
    const found = await Promise.all(all.map(async (folder) => ((await run.names(folder)).length > 0 ? [folder] : [])));
    assert.deepEqual(found.flat(), settled);
    await run.incoming.consumer.open();
    assert.deepEqual(await drain(run.incoming.consumer), answered);
  });
}

test("a dead letter's tries are forgotten in the ledger, so that it has all of them when it is put back", async (t) => {
  const { root } = await copied(t, ["processing", "dead-letter"], { "ledger.jsonl": line("fail") + line("try") });
  assert.deepEqual([...endedKeys(await readFile(join(root, "ledger.jsonl"), "utf8"))], ["u1"]);
});

test("a queue that is not there is left so", async (t) => {
  await settleQueue(join(await temporaryFolder(t), "nowhere"));
});
