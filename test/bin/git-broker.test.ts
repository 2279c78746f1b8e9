import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gitScene, must, startBroker } from "./git-scene.ts";
import type { GitScene } from "./git-scene.ts";
import { bin, lacks, run } from "./run.ts";

const skip = lacks("git", "curl", "openssl");
const GRANT = {
  owner: "acme",
  repositories: ["api", "web"],
  permissions: { contents: "write", pull_requests: "write", issues: "read" },
};

interface Scene extends GitScene {
  /** What an agent is told of the broker. */
  readonly agent: Record<string, string>;
  readonly at: (repository: string) => string;
}

/** git, the helper and the broker as they are; GitHub alone is a stand-in. */
async function scene(t: TestContext): Promise<Scene> {
  const here = await gitScene(t, {});
  const repositories = ["api", "web", "secret"].map((name) => ({ name }));
  const permissions = { contents: "write", pull_requests: "write", issues: "write" } as const;
  here.github.addInstallation({ account: "acme", repositories, permissions });
  const agent = await startBroker(t, here, GRANT);
  const git: GitScene["git"] = (words, env = {}, cwd = here.dir, input = "") =>
    here.git(words, { ...agent, ...env }, cwd, input);
  return { ...here, agent, git, at: (repository) => `https://${here.host}/${repository}.git` };
}

const mints = ({ github }: GitScene): readonly unknown[] =>
  github.calls.filter(({ result }) => result === "minted").map(({ body }) => body);

test("git reads an allowed repository with a token for that repository alone", { skip }, async (t) => {
  const here = await scene(t);
  const { stdout } = await must(here.git(["ls-remote", here.at("acme/api")]));
  assert.match(stdout, /^[0-9a-f]{40}\trefs\/heads\/main$/m);
  assert.deepEqual(mints(here), [{ repositories: ["api"], permissions: { contents: "write" } }]);
  const [token] = here.github.liveTokens();
  assert.deepEqual(token?.repositories, ["acme/api"]);
  const brought = here.github.calls.find(({ authorization }) => authorization === "basic");
  assert.equal(brought?.sha256, token?.sha256);
});

test("a clone brings the files, and a fetch afterwards finds nothing new", { skip }, async (t) => {
  const here = await scene(t);
  const clone = path.join(here.dir, "clone");
  await must(here.git(["clone", "-q", here.at("acme/api"), clone]));
  assert.equal(await readFile(path.join(clone, "README.md"), "utf8"), "# acme/api\n");
  await must(here.git(["fsck", "--strict"], {}, clone));
  await must(here.git(["fetch"], {}, clone));
  assert.equal((await must(here.git(["log", "--format=%s", "--all"], {}, clone))).stdout, "The first of acme/api\n");
});

test("a push is let in, and the second command needs no second token", { skip }, async (t) => {
  const here = await scene(t);
  const who = ["-c", "user.name=claw", "-c", "user.email=claw@example.test"];
  await must(here.git(["init", "-q", "-b", "work"]));
  await must(here.git([...who, "commit", "-q", "--allow-empty", "-m", "first"]));
  await must(here.git(["push", "--dry-run", here.at("acme/web"), "work"]));
  assert.equal(here.github.calls.at(-1)?.query, "service=git-receive-pack");
  await must(here.git(["ls-remote", here.at("acme/web")]));
  assert.equal(mints(here).length, 1);
});

test("the long form of token passes through helper and git", { skip }, async (t) => {
  const here = await scene(t);
  here.github.tokenForm = "jwt";
  await must(here.git(["ls-remote", here.at("acme/api")]));
});

for (const repository of ["acme/secret", "acme/nothing", "others/api"]) {
  test(`${repository}, which the policy does not name, is denied at once in a sentence`, { skip }, async (t) => {
    const here = await scene(t);
    const done = await here.git(["ls-remote", here.at(repository)]);
    assert.equal(done.status, 128);
    assert.match(done.stderr, new RegExp(`^tinyclaw: ${repository}\\.git: \\S.*\\S$`, "m"));
    assert.deepEqual(mints(here), []);
    assert.ok(here.github.calls.every(({ authorization }) => authorization !== "basic"));
    assert.ok(done.ms < 9_000, `took ${Math.round(done.ms)} ms`);
  });
}

test("a token that GitHub no longer takes is erased, and the next command has another", { skip }, async (t) => {
  const here = await scene(t);
  const input = `protocol=https\nhost=${here.host}\npath=acme/api.git\n\n`;
  const filled = await must(here.git(["credential", "fill"], {}, undefined, input));
  const token = /^password=(.*)$/m.exec(filled.stdout)?.[1] ?? "";
  const hash = createHash("sha256").update(token).digest("base64");
  assert.deepEqual(
    here.github.liveTokens().map(({ sha256 }) => sha256),
    [hash],
  );
  here.github.revoke(hash);
  assert.equal((await here.git(["ls-remote", here.at("acme/api")])).status, 128);
  await must(here.git(["ls-remote", here.at("acme/api")]));
  assert.equal(mints(here).length, 2);
});

test("gh runs with a token for the repository and what the command needs", { skip }, async (t) => {
  const here = await scene(t);
  const stub = path.join(here.dir, "real-gh");
  await writeFile(stub, '#!/bin/sh\nprintf %s "$GH_ENTERPRISE_TOKEN"\n');
  await chmod(stub, 0o755);
  const env = {
    ...here.agent,
    HOME: here.dir,
    GIT_CONFIG_SYSTEM: path.join(here.dir, "system"),
    TINYCLAW_REAL_GH: stub,
  };
  const gh = (...words: string[]) => run(path.join(bin, "gh"), words, { cwd: here.dir, env });
  const { stdout: token } = await must(gh("pr", "create", "-R", "acme/api"));
  assert.deepEqual(
    here.github.liveTokens().map(({ sha256, repositories, permissions }) => [sha256, repositories, permissions]),
    [
      [
        createHash("sha256").update(token).digest("base64"),
        ["acme/api"],
        { contents: "read", pull_requests: "write", metadata: "read" },
      ],
    ],
  );
  for (const words of [
    ["issue", "create", "-R", "acme/api"],
    ["pr", "list", "-R", "acme/secret"],
  ]) {
    const denied = await gh(...words);
    assert.deepEqual([denied.status, denied.stdout], [4, ""], words.join(" "));
    assert.match(denied.stderr, /^gh: acme\/\w+ \([\w:,]+\): \S[^\n]+\n$/);
  }
});
