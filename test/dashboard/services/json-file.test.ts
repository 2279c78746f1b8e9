import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { JsonFile } from "../../../src/dashboard/services/json-file.ts";
import { noBareUser, runBare } from "../../support/confined.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { ManualClock } from "../host/manual-clock.ts";

interface Stage {
  readonly file: string;
  readonly clock: ManualClock;
  readonly json: JsonFile<string>;
  /** How often a text was parsed. */
  readonly parsed: () => number;
}

/** A file that holds `{"word": …}`. */
async function stage(t: TestContext): Promise<Stage> {
  const file = path.join(await tempDir(t), "file.json");
  const clock = new ManualClock(Date.now());
  let parsed = 0;
  const parse = (value: unknown): string | undefined => {
    parsed += 1;
    const { word } = value as { word?: unknown };
    return typeof word === "string" ? word : undefined;
  };
  return { file, clock, json: new JsonFile({ path: file, parse, clock }), parsed: () => parsed };
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

test("a file that was never there is missing", async (t) => {
  const { json } = await stage(t);
  assert.deepEqual(await json.read(), { status: "missing", value: undefined });
});

test("a file that is replaced is read anew", async (t) => {
  const { json, file } = await stage(t);
  for (const word of ["one", "two", "six"]) {
    await replace(file, JSON.stringify({ word }));
    assert.deepEqual(await json.read(), { status: "good", value: word });
  }
});

const broken: [what: string, text: string][] = [
  ["caught half written", '{"word": "tw'],
  ["emptied", ""],
  ["of another shape", '{"word": 2}'],
];
for (const [what, text] of broken) {
  test(`a file ${what} leaves the last good value, and is read when it is whole`, async (t) => {
    const { json, file } = await stage(t);
    await writeFile(file, text);
    assert.deepEqual(await json.read(), { status: "unreadable", value: undefined });
    await writeFile(file, '{"word": "one"}');
    await json.read();
    await writeFile(file, text);
    assert.deepEqual(await json.read(), { status: "unreadable", value: "one" });
    await writeFile(file, '{"word": "two"}');
    assert.deepEqual(await json.read(), { status: "good", value: "two" });
  });
}

test("a file that is gone leaves the last good value", async (t) => {
  const { json, file } = await stage(t);
  await writeFile(file, '{"word": "one"}');
  await json.read();
  await rm(file);
  assert.deepEqual(await json.read(), { status: "missing", value: "one" });
});

test("a file that has not changed for two seconds is not read again", async (t) => {
  const { json, file, clock, parsed } = await stage(t);
  await writeFile(file, '{"word": "one"}');
  for (let n = 0; n < 3; n += 1) await json.read();
  assert.equal(parsed(), 3);
  clock.advance(10_000);
  for (let n = 0; n < 3; n += 1) assert.deepEqual(await json.read(), { status: "good", value: "one" });
  assert.equal(parsed(), 4);
  await replace(file, '{"word": "two"}');
  assert.deepEqual(await json.read(), { status: "good", value: "two" });
});

test("one that was written over in place, at the same length and time of change, is read", async (t) => {
  const { json, file, clock } = await stage(t);
  const time = new Date(clock.now() - 60_000);
  await writeFile(file, '{"word": "one"}');
  await utimes(file, time, time);
  assert.equal((await json.read()).value, "one");
  await writeFile(file, '{"word": "two"}');
  await utimes(file, time, time);
  assert.equal((await json.read()).value, "two");
});

test("readers at the same time share a look", async (t) => {
  const { json, file, parsed } = await stage(t);
  await writeFile(file, '{"word": "one"}');
  await Promise.all(Array.from({ length: 20 }, () => json.read()));
  assert.equal(parsed(), 1);
});

test("a directory by that name is unreadable", async (t) => {
  const { json, file } = await stage(t);
  await mkdir(file);
  assert.equal((await json.read()).status, "unreadable");
});

test("a fifo by that name holds nobody up", async (t) => {
  const { json, file } = await stage(t);
  execFileSync("mkfifo", [file]);
  assert.equal((await json.read()).status, "unreadable");
});

test("a file larger than any of ours is not read", async (t) => {
  const { json, file, parsed } = await stage(t);
  await writeFile(file, '{"word": "one"}');
  await truncate(file, 16 * 1024 * 1024 + 1);
  assert.equal((await json.read()).status, "unreadable");
  assert.equal(parsed(), 0);
});

test("a file that we may not read is unreadable", { skip: noBareUser }, async (t) => {
  const { file } = await stage(t);
  await writeFile(file, '{"word": "one"}');
  await chmod(file, 0o000);
  const moduleOf = (name: string): string => JSON.stringify(new URL(`../../../src/${name}.js`, import.meta.url).href);
  const source = `
    import { JsonFile } from ${moduleOf("dashboard/services/json-file")};
    import { systemClock } from ${moduleOf("core/clock")};
    const json = new JsonFile({ path: ${JSON.stringify(file)}, parse: (value) => value, clock: systemClock });
    console.log((await json.read()).status);`;
  assert.equal(await runBare(source), "unreadable");
});
