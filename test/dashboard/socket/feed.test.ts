import assert from "node:assert/strict";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { Feed, queryOf } from "../../../src/dashboard/socket/feed.ts";
import { started, temporaryFolder } from "../tail/support.ts";

const ALL = queryOf({});

test("those at one place are given one batch, and of what is long none is kept", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, '{"n":1}\n');
  const stream = await started(t, { path });
  const feed = new Feed(stream, "full", systemClock);
  const place = stream.head();
  await appendFile(path, '{"n":2}\n');
  await stream.look();
  const batch = await feed.next(place, ALL);
  assert.equal(await feed.next(place, ALL), batch);
  assert.notEqual(await feed.next(place, queryOf({ q: "2" })), batch);

  const later = stream.head();
  await appendFile(path, `${"\u0001".repeat(100_000)}\n`);
  await stream.look();
  const long = await feed.next(later, ALL);
  assert.equal(long.pieces.length, 1);
  assert.notEqual(await feed.next(later, ALL), long);
});
