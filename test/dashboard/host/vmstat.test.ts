import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOomKills } from "../../../src/dashboard/host/vmstat.ts";

const table: [text: string, kills: number | null][] = [
  ["nr_free_pages 5389562\npgmajfault 2200\noom_kill 3\ndrop_pagecache 0\n", 3],
  ["oom_kill 0\n", 0],
  /** 4.12 and older do not count them. */
  ["nr_free_pages 5389562\npgmajfault 2200\ndrop_pagecache 0\n", null],
  ["workload_oom_kill 7\n", null],
  ["oom_kill \n", null],
  ["", null],
];
for (const [text, kills] of table) {
  test(`${JSON.stringify(text)} tells of ${kills === null ? "no count" : kills}`, () => {
    assert.equal(parseOomKills(text), kills);
  });
}
