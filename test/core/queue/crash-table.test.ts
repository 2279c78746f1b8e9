/** The crash table stands in three places: for those who look into the folder, for those who change the code, and as what kills leave. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { rows } from "../../faults/support/queue-rows.ts";
import { repositoryRoot } from "../../support/root.ts";

async function tableIn(path: string): Promise<string[]> {
  const lines = (await readFile(join(repositoryRoot, path), "utf8")).split("\n");
  return lines.map((line) => line.replace(/^ \* /, "")).filter((line) => /^\| C\d+[a-z]? \|/.test(line));
}

test("the crash table of the docs and that above the queue are the same", async () => {
  const inDocs = await tableIn("docs/queue.md");
  assert.ok(inDocs.length >= 19, `${inDocs.length} rows`);
  assert.deepEqual(await tableIn("src/core/queue/file-queue.ts"), inDocs);
});

test("each row of the crash table is one that the exact kills must leave, and the other way round", async () => {
  const inDocs = (await tableIn("docs/queue.md")).map((line) => line.split("|")[1]?.trim());
  const killed = rows.flatMap((row) => /^C[1-9]\d*[a-z]?(?= )/.exec(row)?.[0] ?? []);
  assert.deepEqual(new Set(killed), new Set(inDocs));
});
