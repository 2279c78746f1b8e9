import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { commandsIn, namedIn, pathPattern, pathsIn, variablesIn } from "./support/markdown.ts";
import type { Named } from "./support/markdown.ts";
import { repositoryRoot } from "./support/root.ts";

/** Folders that are made here and belong to nobody's checkout. */
const MADE = /^(?:node_modules|dist|build-.*|coverage|\.git|\.tinyclaw|workspace|secrets)$/;
const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });

let files: string[];
let pages: Map<string, Named>;
let commands: Set<string>;
let scripts: Set<string>;
let variables: Set<string>;
let codes: Map<string, string>;

function read(file: string): Promise<string> {
  return readFile(path.join(repositoryRoot, file), "utf8");
}

/** Every file of the checkout, `/` between the folders. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(repositoryRoot, folder), { withFileTypes: true });
  const found = entries
    .filter((entry) => !(entry.isDirectory() && MADE.test(entry.name)))
    .map(async (entry) => {
      const name = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(name) : [name];
    });
  return (await Promise.all(found)).flat();
}

/** Quoted capitals of the configuration, without errno names and the default time zone. */
function variablesOf(config: string): Set<string> {
  const quoted = [...config.matchAll(/"([A-Z][A-Z0-9_]+)"/g)].map((match) => match[1] ?? "");
  // As object keys and as the shell's own.
  const bare = [...config.matchAll(/^\s+([A-Z][A-Z0-9]*_[A-Z0-9_]+):|\$\{?(TINYCLAW_[A-Z_]+)/gm)];
  quoted.push(...bare.map((match) => match[1] ?? match[2] ?? ""));
  return new Set(quoted.filter((name) => name !== "UTC" && !/^E[A-Z0-9]+$/.test(name)));
}

/** What compose.yaml takes from `.env`, and Compose's own variables, which tinyclaw.sh hands on. */
function variablesOfCompose(compose: string): string[] {
  const own = ["COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES", "COMPOSE_PROFILES"];
  return [...compose.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map((match) => match[1] ?? "").concat(own);
}

/** The literals of `CodedError<…>` and of the types that are named `…Code`, without what comments say. */
function codesOf(source: string): string[] {
  const plain = source.replace(/\/\*[\s\S]*?\*\//g, "");
  const unions = [
    ...plain.matchAll(/extends CodedError<([^>]*)>/g),
    ...plain.matchAll(/type \w*Code\s*=([^;]*);/g),
  ].map((match) => match[1] ?? "");
  return unions.flatMap((union) => [...union.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""));
}

before(async () => {
  files = await filesBelow("");
  const documents = files.filter((file) => /^(?:(?:README|ARCHITECTURE|CONTRIBUTING)\.md|docs\/.*\.md)$/.test(file));
  const contents = await Promise.all(documents.map(read));
  pages = new Map(documents.map((file, index) => [file, namedIn(contents[index] ?? "")]));
  const help = await promisify(execFile)(path.join(repositoryRoot, "tinyclaw.sh"), ["help"]);
  commands = new Set([...help.stdout.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? ""));
  scripts = new Set(Object.keys(packageSchema.parse(JSON.parse(await read("package.json"))).scripts));
  const readers = [
    "src/core/config.ts",
    "src/broker/config.ts",
    "src/dashboard/config.ts",
    "src/core/agent-marker.ts",
    "bin/gh",
  ];
  variables = new Set((await Promise.all(readers.map(read))).flatMap((text) => [...variablesOf(text)]));
  for (const name of variablesOfCompose(await read("compose.yaml"))) variables.add(name);
  codes = new Map();
  for (const file of files.filter((name) => /^src\/(?:.*\/)?errors\.ts$/.test(name))) {
    for (const code of codesOf(await read(file))) codes.set(code, file);
  }
});

/** Fails with everything that is wrong, a line each, so that one run is enough to mend the pages. */
function nothingWrong(wrong: readonly string[]): void {
  assert.deepEqual(wrong, []);
}

function wrongIn(find: (named: Named, page: string) => string[]): string[] {
  return [...pages].flatMap(([page, named]) => find(named, page).map((what) => `${page}: ${what}`));
}

/** Whether a page has the word as code, alone or among other words, inline or in a block. */
function hasWord(named: Iterable<Named>, word: string): boolean {
  const whole = new RegExp(`(?<![\\w-])${word}(?![\\w-])`);
  return [...named].some(({ code, lines }) => [...code, ...lines].some((part) => whole.test(part)));
}

test("there are pages to check, and things to hold them against", () => {
  assert.ok(pages.has("README.md"), "README.md is missing");
  for (const known of [commands, scripts, variables, codes]) assert.ok(known.size > 3);
});

test("every path that the pages name exists", () => {
  const top = new Set([
    ...files.flatMap((file) => (file.includes("/") ? [file.split("/")[0] ?? ""] : [])),
    "web",
    "bin",
  ]);
  const exists = (name: string): boolean => files.some((file) => pathPattern(name).test(file));
  nothingWrong(wrongIn(({ code }) => pathsIn(code, top).filter((name) => !exists(name))));
});

test("every link within the repository leads to a file or folder", () => {
  const exists = (name: string): boolean => files.some((file) => file === name || file.startsWith(`${name}/`));
  nothingWrong(
    wrongIn(({ links }, page) =>
      links.filter((link) => !exists(path.posix.join(path.posix.dirname(page), link).replace(/\/$/, ""))),
    ),
  );
});

test("every command of tinyclaw.sh that the pages name exists", () => {
  nothingWrong(wrongIn((named) => commandsIn(named).tinyclaw.filter((command) => !commands.has(command))));
});

test("every npm script that the pages name exists", () => {
  nothingWrong(wrongIn((named) => commandsIn(named).npm.filter((script) => !scripts.has(script))));
});

test("every environment variable that the pages name is read by the program", () => {
  const known = (name: string): boolean => {
    const stem = name.replace(/_FILE$/, "").replace(/\*$/, "");
    if (name === "X_FILE" || variables.has(name) || variables.has(stem)) return true;
    return stem.endsWith("_") && [...variables].some((variable) => variable.startsWith(stem));
  };
  nothingWrong(wrongIn(({ code }) => variablesIn(code).filter((name) => !known(name))));
});

test("every command of tinyclaw.sh is named in the pages", () => {
  const named = new Set([...pages.values()].flatMap((page) => commandsIn(page).tinyclaw));
  nothingWrong([...commands].filter((command) => !named.has(command)));
});

test("every environment variable is named in the pages", () => {
  const plain = (name: string): string => name.replace(/_FILE$/, "");
  nothingWrong(
    [...variables].filter((name) => !hasWord(pages.values(), name) && !hasWord(pages.values(), plain(name))),
  );
});

test("every error code is named in docs/errors.md, and every code of its tables exists", async () => {
  const errors = pages.get("docs/errors.md");
  const missing = [...codes].filter(([code]) => errors === undefined || !hasWord([errors], code));
  nothingWrong(missing.map(([code, file]) => `docs/errors.md lacks ${code} of ${file}`));
  const rows = [...(await read("docs/errors.md")).matchAll(/^\|\s*`([a-z][a-z0-9_]*)`\s*\|/gm)];
  nothingWrong(rows.map((row) => row[1] ?? "").filter((code) => !codes.has(code)));
});
