import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { tempDir } from "../support/temp-dir.ts";
import { bin, lacks, run } from "./run.ts";

const skip = lacks("git");
const program = path.join(bin, "install-git-access");
const helper = path.join(bin, "git-credential-tinyclaw");

test("a fresh configuration has one helper for one host, and tells it the repository", { skip }, async (t) => {
  const cwd = await tempDir(t);
  const file = path.join(cwd, "config");
  assert.equal((await run(program, ["--file", file], { cwd, env: { HOME: cwd } })).status, 0);
  const { stdout } = await run("git", ["config", "--file", file, "--list"], { cwd, env: { HOME: cwd } });
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "credential.helper=",
    "credential.https://github.com.helper=",
    `credential.https://github.com.helper=${helper}`,
    "credential.https://github.com.usehttppath=true",
    "url.https://github.com/.insteadof=git@github.com:",
    "url.https://github.com/.insteadof=ssh://git@github.com/",
    "tinyclaw.webhost=github.com",
  ]);
});

test("run again, or over another's settings, it leaves our helper the only one", { skip }, async (t) => {
  const cwd = await tempDir(t);
  const file = path.join(cwd, "config");
  const env = { HOME: cwd, GIT_CONFIG_SYSTEM: file };
  await writeFile(
    file,
    '[credential "https://git.acme.test:8443"]\n\thelper = old\n\tusername = x\n[user]\n\tname = kept\n[credential]\n\thelper = store\n',
  );
  const words = ["--host", "Git.Acme.test:8443", "--helper", helper];
  assert.equal((await run(program, words, { cwd, env })).status, 0);
  const first = await readFile(file, "utf8");
  assert.equal((await run(program, words, { cwd, env })).status, 0);
  assert.equal(await readFile(file, "utf8"), first);
  const input = "protocol=https\nhost=git.acme.test:8443\npath=a/b\n\n";
  // With no broker the helper says so: proof that git asked it, and after it nobody.
  const asked = await run("git", ["credential", "fill"], { cwd, env, input });
  assert.match(asked.stderr, /^tinyclaw: no GitHub access here: CREDENTIAL_BROKER_URL is not set\.$/m);
  assert.match(first, /name = kept/);
  assert.doesNotMatch(first, /store|old/);
});

for (const [what, words] of [
  ["an unknown option", ["--host", "github.com", "--force", "yes"]],
  ["an option without its value", ["--host"]],
  ["a host with a path", ["--host", "github.com/acme"]],
  ["a helper that is no path", ["--helper", "git-credential-tinyclaw"]],
  ["a helper with a space", ["--helper", "/tmp/a b"]],
  ["a helper that is not there", ["--helper", "/nowhere/helper"]],
] as const) {
  test(`${what} is a misuse: exit 2, and nothing is written`, { skip }, async (t) => {
    const cwd = await tempDir(t);
    const file = path.join(cwd, "config");
    const done = await run(program, [...words], { cwd, env: { HOME: cwd, GIT_CONFIG_SYSTEM: file } });
    assert.equal(done.status, 2);
    assert.match(done.stderr, /^install-git-access: .*\nusage: /);
    await assert.rejects(readFile(file), { code: "ENOENT" });
  });
}

test("a configuration that cannot be written is said so", { skip }, async (t) => {
  const cwd = await tempDir(t);
  const file = path.join(cwd, "no-such-folder", "config");
  const done = await run(program, ["--file", file], { cwd, env: { HOME: cwd } });
  assert.notEqual(done.status, 0);
  assert.match(done.stderr, /config/);
});
