/** Tables of the pages that say what the source says too: both have the same words. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { EXIT } from "../src/core/errors.ts";
import { tableIn } from "./support/markdown.ts";
import { repositoryRoot } from "./support/root.ts";

function read(file: string): Promise<string> {
  return readFile(path.join(repositoryRoot, file), "utf8");
}

/** What stands between backticks in the first column of a table of docs/operate.md. */
async function firstColumn(head: string): Promise<string[]> {
  const rows = tableIn(await read("docs/operate.md"), head);
  return rows.flatMap(([first = ""]) => [...first.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")).toSorted();
}

/** The literals in what a pattern finds of a file. */
async function literals(file: string, ...patterns: readonly RegExp[]): Promise<string[]> {
  const source = await read(file);
  const found = patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([all]) => all));
  assert.ok(found.length >= patterns.length, `${file} has what is looked for`);
  return found.flatMap((text) => [...text.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""));
}

const typeOf = (name: string): RegExp => new RegExp(`type ${name} =[^;]*;`, "g");

for (const [head, words] of [
  ["state of the bot", () => literals("src/supervisor/status.ts", typeOf("SupervisorState"))],
  ["state of a worker", () => literals("src/supervisor/child.ts", typeOf("ChildState"))],
  [
    "state of an agent",
    () => literals("src/core/channel/protocol.ts", /(?<=interface AgentNotice \{[^}]*)state:[^;]*;/g),
  ],
  ["disk level", () => literals("src/core/disk.ts", typeOf("DiskLevel"))],
  [
    "state of the broker",
    async () => [
      ...(await literals("src/broker/readiness.ts", typeOf("Status"))),
      // Its own word is the broker's but for these.
      ...(await literals("src/supervisor/broker-check.ts", /\bstate: (?:url [^,]*|"\w+"),/g)),
    ],
  ],
] as const) {
  test(`docs/operate.md has every ${head}, and no other`, async () => {
    assert.deepEqual(await firstColumn(head), [...new Set(await words())].toSorted());
  });
}

test("docs/operate.md has every exit status", async () => {
  const rows = tableIn(await read("docs/operate.md"), "exit status of bot, broker, dashboard");
  const named = rows.map(([first]) => Number(first));
  const { length } = Object.values(EXIT);
  assert.ok(length > 3);
  assert.deepEqual(
    Object.entries(EXIT).filter(([, status]) => !named.includes(status)),
    [],
  );
  // Of the system: 128 and the number of the signal.
  for (const status of [134, 137]) assert.ok(named.includes(status), `${status}`);
});
