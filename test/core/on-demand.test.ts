import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { tempDir } from "../support/temp-dir.ts";

const run = promisify(execFile);

/** Runs a few lines in a process of their own, and gives back what they print. */
async function printed(lines: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", lines]);
  return JSON.parse(stdout);
}

/** The CommonJS modules whose path holds the text, once the module of ours is loaded. */
function loadedWith(module: string, ...texts: string[]): Promise<unknown> {
  return printed(`
    import { createRequire } from "node:module";
    await import(${JSON.stringify(new URL(`../../src/${module}`, import.meta.url).href)});
    const paths = Object.keys(createRequire(import.meta.url).cache);
    const loaded = (text) => paths.filter((path) => path.includes(text)).length;
    console.log(JSON.stringify(${JSON.stringify(texts)}.map(loaded)));
  `);
}

/** A package with an index of two members, which it may or may not use. */
async function packageIn(dir: string, uses: string): Promise<void> {
  const [package_, index] = [join(dir, "node_modules/whole"), join(dir, "node_modules/many")];
  await Promise.all([package_, index].map((path) => mkdir(path, { recursive: true })));
  await Promise.all([
    writeFile(join(package_, "index.js"), `const many = require("many"); module.exports = () => ${uses};`),
    writeFile(join(index, "index.js"), `exports.one = require("./one").one; exports.two = require("./two").two;`),
    writeFile(join(index, "one.js"), `exports.one = "one";`),
    writeFile(join(index, "two.js"), `exports.two = "two";`),
  ]);
}

async function shown(dir: string, late: string): Promise<unknown> {
  // A copy that finds the packages of this folder, as the file itself finds those of the program.
  await copyFile(new URL("../../src/core/on-demand.js", import.meta.url), join(dir, "on-demand.mjs"));
  return printed(`
    import { createRequire } from "node:module";
    const { requireOnDemand } = await import(${JSON.stringify(join(dir, "on-demand.mjs"))});
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).map((path) => path.split("/").at(-1)).sort();
    const whole = requireOnDemand("whole", ${late});
    const before = loaded().filter((name) => /one|two/.test(name));
    console.log(JSON.stringify({ before, value: whole(), after: loaded().filter((name) => /one|two/.test(name)) }));
  `);
}

const PATH = `path: (require) => require.resolve("many")`;
const MEMBER = `member: (require, name) => require("many/" + name)[name]`;

test("a module that nobody uses is not loaded", async (t) => {
  const dir = await tempDir(t);
  await packageIn(dir, "7");
  assert.deepEqual(await shown(dir, `{ ${PATH} }`), { before: [], value: 7, after: [] });
});

test("one that is used is loaded then, the whole of it once", async (t) => {
  const dir = await tempDir(t);
  await packageIn(dir, "[many.one, many.two, many.none === undefined]");
  const after = ["one.js", "two.js"];
  assert.deepEqual(await shown(dir, `{ ${PATH} }`), { before: [], value: ["one", "two", true], after });
});

test("of an index a member is loaded by itself", async (t) => {
  const dir = await tempDir(t);
  await packageIn(dir, "many.two");
  assert.deepEqual(await shown(dir, `{ ${PATH}, ${MEMBER} }`), { before: [], value: "two", after: ["two.js"] });
});

test("a worker loads no languages of zod but English, few files of date-fns, and no table of Unicode", async () => {
  assert.deepEqual(await loadedWith("core/zod.js", "/locales/en.cjs", "/locales/de.cjs"), [1, 0]);
  const [dates] = (await loadedWith("core/rolling-file.js", "/date-fns/")) as number[];
  assert.ok(dates !== undefined && dates > 0 && dates < 100, `${dates} files of date-fns`);
  assert.deepEqual(await loadedWith("workers/telegram/grammy.js", "/grammy/out/bot.js", "/tr46/"), [1, 0]);
});
