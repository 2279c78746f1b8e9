/**
 * The walk of one message, killed before each single call that changes what is on disk; the next start is held to the crash
 * table in docs/queue.md.
 */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { TestContext } from "node:test";
import { tempDir } from "../support/temp-dir.ts";
import {
  adoptAndCheck,
  buryAndCheck,
  quarantineAndCheck,
  recoverAndCheck,
  resumeAndCheck,
  TORN,
} from "./support/queue-check.ts";
import { rows } from "./support/queue-rows.ts";
import type { Way } from "./support/queue-rows.ts";
import { noTrace, PLACES, TORN_NAME, walkWith } from "./support/queue-trace.ts";
import type { Place } from "./support/queue-trace.ts";

const skip = noTrace;
const timeout = 300_000;

const table: string[] = [];
after(() => process.stdout.write(table.map((line) => `# ${line}\n`).join("")));

/** What the walk does at the least; fewer would mean that the kills miss their aim. */
const AT_LEAST = { link: 2, rename: 1, unlink: 4, fsync: 9, fdatasync: 7, write: 5, "write deliveries": 3 } as const;

/** The same for a message that fails and is buried. */
const AT_LEAST_BURIED = {
  link: 3,
  rename: 3,
  unlink: 5,
  fsync: 9,
  fdatasync: 9,
  write: 7,
  "write deliveries": 3,
} as const;

/** Other ways, and the calls that bring what they have beyond the first. */
const MORE: readonly (readonly [way: Way, title: string, places: readonly Place[], atLeast: number])[] = [
  ["long", "a long answer goes on at the first chunk that is not there", ["write deliveries", "fdatasync"], 7],
  ["dropped", "another program's file is one message", ["link", "unlink"], 2],
  ["torn", "what is no message is put aside whole", ["write", "rename"], 1],
];

const CHECKS: Readonly<Record<Way, typeof recoverAndCheck>> = {
  walk: recoverAndCheck,
  doom: buryAndCheck,
  long: resumeAndCheck,
  dropped: adoptAndCheck,
  torn: quarantineAndCheck,
};

const met = new Set<string>();

for (const place of PLACES) {
  test(`killed before each ${place}, all goes on as the crash table says`, { skip, timeout }, async (t) => {
    const kills = await killAll(t, place, "walk");
    assert.ok(kills >= AT_LEAST[place], `${kills} kills`);
  });

  test(`killed before each ${place}, a message that fails is buried once`, { skip, timeout }, async (t) => {
    const kills = await killAll(t, place, "doom");
    assert.ok(kills >= AT_LEAST_BURIED[place], `${kills} kills`);
  });
}

for (const [way, title, places, atLeast] of MORE) {
  for (const place of places) {
    test(`killed before each ${place}, ${title}`, { skip, timeout }, async (t) => {
      const kills = await killAll(t, place, way);
      assert.ok(kills >= atLeast, `${kills} kills`);
    });
  }
}

test("these kills have left each state of the crash table", { skip }, () => {
  assert.deepEqual(
    rows.filter((row) => !met.has(row)),
    [],
  );
});

/** Answers how many kills there were until the process came to its end. */
async function killAll(t: TestContext, place: Place, way: Way): Promise<number> {
  const dir = await tempDir(t);
  for (let kills = 0; ; kills += 1) {
    const root = join(dir, String(kills + 1));
    await prepare(root, way);
    const what = way === "dropped" || way === "torn" ? "rest" : way;
    const { told, code, signal } = await walkWith(root, place, `signal=KILL:when=${kills + 1}`, what);
    if (signal === null) {
      assert.deepEqual([code, told.at(-1)], [0, way === "torn" ? "open" : "finished"]);
      return kills;
    }
    assert.equal(signal, "SIGKILL");
    const { row, outcome } = await CHECKS[way](root, told);
    met.add(row);
    table.push(`${way}: ${place} ${kills + 1}, told ${told.at(-1) ?? "nothing"} | ${row} | ${outcome}`);
  }
}

/** Puts into the queue what others have left there. */
async function prepare(root: string, way: Way): Promise<void> {
  const files: Partial<Record<Way, readonly [name: string, text: string]>> = {
    dropped: ["hello.json", '{"message": "hello", "messageId": "hello", "threadId": 5}'],
    torn: [TORN_NAME, TORN],
  };
  const [name, text] = files[way] ?? [];
  if (name === undefined || text === undefined) return;
  await mkdir(join(root, "incoming"), { recursive: true });
  await writeFile(join(root, "incoming", name), text);
}
