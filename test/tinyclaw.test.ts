import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { needsProgram } from "./support/needs.ts";
import { repositoryRoot } from "./support/root.ts";
import { tempDir } from "./support/temp-dir.ts";

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(script: string, words: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(script, words, {
    cwd: options.cwd ?? os.tmpdir(),
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr } satisfies Outcome;
}

const real = path.join(repositoryRoot, "tinyclaw.sh");

for (const word of ["help", "--help", "-h"]) {
  test(`${word} prints the usage and exits 0`, async () => {
    const { status, stdout, stderr } = await run(real, [word]);
    assert.equal(status, 0);
    assert.match(stdout, /^usage: .*\n\n {2}demo \[--once\] /);
    assert.equal(stderr, "");
  });
}

const misuses = [
  [],
  ["frobnicate"],
  ["do_help"],
  ["Help"],
  ["test", "quickly"],
  ["build", "--all"],
  ["start", "bot"],
  ["logs", "bot", "broker"],
  ["backup"],
  ["restore", ""],
];
for (const words of misuses) {
  test(`"${words.join(" ")}" is a misuse: usage on standard error, exit 2`, async () => {
    const { status, stdout, stderr } = await run(real, words);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^tinyclaw: .*\nusage: /);
  });
}

/** Contracts give these names to operators' scripts. */
const COMMANDS =
  "demo test init doctor start stop restart logs status build install uninstall send watch settings queue backup restore upgrade help";

test("the help lists every command, and nothing that is none", async () => {
  const { stdout } = await run(real, ["help"]);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? "");
  assert.deepEqual(listed.toSorted(), COMMANDS.split(" ").toSorted());
  const defined = [...(await readFile(real, "utf8")).matchAll(/^do_([a-z]+)\(\)/gm)].map((match) => match[1] ?? "");
  assert.deepEqual(defined.toSorted(), listed.toSorted());
  assert.ok(stdout.split("\n").every((line) => line.length <= 120));
});

test("it does the same from another directory and through links", async (t) => {
  const folder = await tempDir(t);
  await symlink(real, path.join(folder, "one"));
  await symlink("one", path.join(folder, "two"));
  const direct = await run(real, ["help"]);
  assert.deepEqual(await run(path.join(folder, "two"), ["help"], { cwd: folder }), direct);
  assert.deepEqual(await run("./two", ["help"], { cwd: folder }), direct);
});

const noShellcheck = needsProgram("shellcheck", "apt-get install shellcheck");

test("shellcheck finds nothing in the script and its pieces", { skip: noShellcheck }, async () => {
  const pieces = path.join(repositoryRoot, "src", "cli", "shell");
  const files = [real, ...(await readdir(pieces)).map((name) => path.join(pieces, name))];
  assert.deepEqual(await run("shellcheck", files), { status: 0, stdout: "", stderr: "" });
});

/** A program in `bin` that answers in place of the real one. */
async function program(bin: string, name: string, body: string): Promise<void> {
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(bin, name), `#!/bin/bash\n${body}\n`);
  await chmod(path.join(bin, name), 0o755);
}

function nodeOf(version: string): string {
  return [
    'case "$*" in',
    `  "-p process.versions.node") echo ${version} ;;`,
    `  "-p process.version") echo v${version} ;;`,
    `  *) echo "$0 | $* | \${TINYCLAW_DIR:-} | $PWD | \${IS_SANDBOX:-}" ;;`,
    "esac",
  ].join("\n");
}

/** A checkout that is installed and built, with other programs in front of the real ones. */
async function checkout(t: TestContext, nodes: { here: string; fromNpx: string }) {
  const root = await mkdtemp(path.join(os.tmpdir(), "tinyclaw-sh-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const home = path.join(root, "checkout");
  for (const folder of ["src", "test", "bench", "dist", "node_modules"]) {
    await mkdir(path.join(home, folder), { recursive: true });
  }
  await cp(real, path.join(home, "tinyclaw.sh"));
  for (const file of ["package.json", "package-lock.json", "tsconfig.json"])
    await writeFile(path.join(home, file), "{}");
  await writeFile(path.join(home, "node_modules", ".package-lock.json"), "{}");
  await writeFile(path.join(home, "dist", ".built"), "");
  const bin = path.join(root, "bin");
  const later = path.join(root, "later");
  await program(bin, "node", nodeOf(nodes.here));
  await program(bin, "npx", `echo "$*" >>"${root}/npx.log"; echo "${later}"`);
  await program(
    bin,
    "npm",
    'echo "npm $* | ${IS_SANDBOX:-}"; [[ "$1" == ci ]] && exit "${CI_STATUS:-0}"; exit "${NPM_STATUS:-0}"',
  );
  await program(later, "node", nodeOf(nodes.fromNpx));
  const env = { PATH: `${bin}:/usr/bin:/bin`, IS_SANDBOX: "", TINYCLAW_DIR: "", TINYCLAW_NODE_CHOSEN: "" };
  return { root, home, bin, later, env, script: path.join(home, "tinyclaw.sh") };
}

const asRoot = process.getuid?.() === 0 ? "1" : "";

for (const version of ["20.19.0", "20.20.2", "22.12.0", "22.21.1"]) {
  test(`Node ${version} runs the program itself, in the checkout`, async (t) => {
    const { home, bin, env, script } = await checkout(t, { here: version, fromNpx: "22.21.1" });
    assert.deepEqual(await run(script, ["demo", "--once"], { env }), {
      status: 0,
      stdout: `${bin}/node | dist/src/cli/main.js demo --once |  | ${home} | ${asRoot}\n`,
      stderr: "",
    });
  });
}

for (const version of ["18.20.4", "20.18.3", "21.7.0", "22.11.0", "23.0.0", "24.4.1"]) {
  test(`Node ${version} hands over to Node 22, and says so in one line`, async (t) => {
    const { root, home, later, env, script } = await checkout(t, { here: version, fromNpx: "22.21.1" });
    assert.deepEqual(await run(script, ["send", "--thread", "5", "two words"], { env, cwd: root }), {
      status: 0,
      stdout: `${later}/node | dist/src/cli/main.js send --thread 5 two words |  | ${home} | \n`,
      stderr: `tinyclaw: v${version} is none of ^20.19 and ^22.12; running under Node 22 from the npm registry\n`,
    });
  });
}

test("a registry that gives another Node than asked for ends the start and does not loop", async (t) => {
  const { env, script } = await checkout(t, { here: "18.20.4", fromNpx: "18.20.4" });
  const { status, stderr } = await run(script, ["demo"], { env });
  assert.equal(status, 1);
  assert.match(stderr, /still on v18\.20\.4 after choosing Node 22/);
});

test("a relative data directory is the caller's, also under another Node", async (t) => {
  for (const here of ["22.21.1", "18.20.4"]) {
    const { root, env, script } = await checkout(t, { here, fromNpx: "22.21.1" });
    const { stdout } = await run(script, ["send", "hi"], { cwd: root, env: { ...env, TINYCLAW_DIR: "data" } });
    assert.equal(stdout.split(" | ")[2], `${root}/data`);
  }
});

test("a built checkout is neither installed nor built again", async (t) => {
  const { env, script } = await checkout(t, { here: "22.21.1", fromNpx: "22.21.1" });
  assert.deepEqual(await run(script, ["build"], { env }), { status: 0, stdout: "", stderr: "" });
  assert.deepEqual(await run(script, ["test"], { env }), {
    status: 0,
    stdout: `npm test --silent | ${asRoot}\n`,
    stderr: "",
  });
});

test("a checkout without packages and build is given both, and npm is heard only when it fails", async (t) => {
  const { home, env, script } = await checkout(t, { here: "22.21.1", fromNpx: "22.21.1" });
  await rm(path.join(home, "node_modules"), { recursive: true });
  await rm(path.join(home, "dist", ".built"));
  const good = await run(script, ["build"], { env });
  assert.deepEqual(good, { status: 0, stdout: "", stderr: "tinyclaw: installing packages\ntinyclaw: building\n" });
  const bad = await run(script, ["build"], { env: { ...env, CI_STATUS: "1" } });
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /\nnpm ci --include=dev \| \ntinyclaw: 'npm ci --include=dev' failed/);
});

test("a source that is newer than the build is built", async (t) => {
  const { home, env, script } = await checkout(t, { here: "22.21.1", fromNpx: "22.21.1" });
  await rm(path.join(home, "dist", ".built"));
  await run(script, ["build"], { env });
  assert.equal((await run(script, ["build"], { env })).stderr, "");
  await writeFile(path.join(home, "src", "new.ts"), "");
  assert.equal((await run(script, ["build"], { env })).stderr, "tinyclaw: building\n");
});
