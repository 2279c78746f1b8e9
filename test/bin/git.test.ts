import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { GitHubSandbox } from "../../src/sandbox/github/github.ts";
import { BrokerStandIn, denial, gitAnswer } from "./broker-stand-in.ts";
import { gitScene, must } from "./git-scene.ts";
import type { GitScene } from "./git-scene.ts";
import { bin, lacks } from "./run.ts";
import type { Outcome } from "./run.ts";

const skip = lacks("git", "curl", "openssl");

interface Scene extends GitScene {
  readonly broker: BrokerStandIn;
}

async function scene(t: TestContext): Promise<Scene> {
  const broker = await BrokerStandIn.start(t, gitAnswer);
  return { ...(await gitScene(t, broker.env)), broker };
}

/** git as someone may set it up who asks the helper for every password, of whatever server. */
async function askForEveryHost({ git, host }: GitScene, at = host): Promise<void> {
  await must(git(["config", "--system", "--add", "credential.helper", `${bin}/git-credential-tinyclaw --host ${at}`]));
  await must(git(["config", "--system", "credential.useHttpPath", "true"]));
}

/** It was asked for a repository and no secret came; a user name out of the address is git's own doing. */
function assertAskedInVain(server: GitHubSandbox): void {
  assert.equal(server.calls[0]?.authorization, "none");
  for (const call of server.calls) assert.equal(call.sha256, undefined, JSON.stringify(call));
}

function assertFailed(outcome: Outcome, reason: RegExp): void {
  assert.equal(outcome.status, 128, outcome.stderr);
  assert.match(outcome.stderr, reason);
}

test("the helper's answer is what git brings to the host it was installed for", { skip }, async (t) => {
  const { git, github, host, broker } = await scene(t);
  await git(["ls-remote", `https://${host}/acme/api.git`]);
  assert.equal(broker.seen[0]?.body, `protocol=https\nhost=${host}\npath=acme/api.git\n`);
  assert.deepEqual(
    github.calls.slice(0, 2).map(({ authorization, username }) => [authorization, username]),
    [
      ["none", undefined],
      ["basic", "x-access-token"],
    ],
  );
});

const elsewhere: readonly (readonly [string, (scene: GitScene) => string])[] = [
  ["the host's name on another port", ({ evilPort }) => `https://localhost:${evilPort}/acme/api.git`],
  ["a name that begins like the host's", ({ evilPort }) => `https://localhost.evil.test:${evilPort}/acme/api.git`],
  ["the host's name before an @", ({ evilPort }) => `https://localhost@evil.test:${evilPort}/acme/api.git`],
];
for (const careless of [false, true]) {
  const asked = careless ? "even when the helper is asked for every host" : "as installed";
  for (const [what, address] of elsewhere) {
    test(`to ${what} nothing is sent, ${asked}`, { skip }, async (t) => {
      const here = await scene(t);
      if (careless) await askForEveryHost(here);
      assertFailed(await here.git(["ls-remote", address(here)]), /could not read (?:Username|Password)/);
      assertAskedInVain(here.evil);
      assert.deepEqual(here.broker.seen, []);
    });
  }

  test(`to a submodule elsewhere nothing is sent, ${asked}`, { skip }, async (t) => {
    const here = await scene(t);
    if (careless) await askForEveryHost(here);
    const { git, dir, evil, evilPort, broker } = here;
    const clone = path.join(dir, "clone");
    await mkdir(clone);
    const address = `https://evil.test:${evilPort}/acme/api.git`;
    await must(git(["init", "-q"], {}, clone));
    await writeFile(path.join(clone, ".gitmodules"), `[submodule "sub"]\n\tpath = sub\n\turl = ${address}\n`);
    const commit = `160000,${"1".repeat(40)},sub`;
    await must(git(["update-index", "--add", "--cacheinfo", commit], {}, clone));
    const done = await git(["submodule", "update", "--init"], {}, clone);
    assert.notEqual(done.status, 0);
    assertAskedInVain(evil);
    assert.deepEqual(broker.seen, []);
  });
}

test("over plain http nothing is sent, as installed", { skip }, async (t) => {
  const { git, plain, broker } = await scene(t);
  assertFailed(await git(["ls-remote", `${plain.url}/acme/api.git`]), /could not read Username/);
  assertAskedInVain(plain);
  assert.deepEqual(broker.seen, []);
});

test("over plain http nothing is sent even to the host that gets tokens", { skip }, async (t) => {
  const here = await scene(t);
  await askForEveryHost(here, new URL(here.plain.url).host);
  const done = await here.git(["ls-remote", `${here.plain.url}/acme/api.git`]);
  assertFailed(done, /^tinyclaw: tokens go over https alone, not http; nothing was sent\.$/m);
  assertAskedInVain(here.plain);
  assert.deepEqual(here.broker.seen, []);
});

test("without a path nothing is sent, and the remedy is named", { skip }, async (t) => {
  const { git, github, host, broker } = await scene(t);
  const setting = `credential.https://${host}.useHttpPath=false`;
  const done = await git(["-c", setting, "ls-remote", `https://${host}/acme/api.git`]);
  assertFailed(done, /^tinyclaw: .*credential\.useHttpPath must be true; nothing was sent\.$/m);
  assertAskedInVain(github);
  assert.deepEqual(broker.seen, []);
});

test("a denial ends git at once with its sentence, and nobody is asked for a password", { skip }, async (t) => {
  const { git, github, host, broker, dir } = await scene(t);
  broker.answers = [denial(403, "The policy does not allow acme/secret.")];
  const asked = path.join(dir, "asked");
  const askpass = path.join(dir, "askpass");
  await writeFile(askpass, `#!/bin/sh\necho "$1" >>${asked}\n`);
  await chmod(askpass, 0o755);
  const done = await git(["ls-remote", `https://${host}/acme/secret.git`], { GIT_ASKPASS: askpass });
  assertFailed(done, /^tinyclaw: acme\/secret\.git: The policy does not allow acme\/secret\.$/m);
  await assert.rejects(readFile(asked), { code: "ENOENT" });
  assertAskedInVain(github);
  assert.equal(broker.seen.length, 1);
  assert.ok(done.ms < 9_000, `took ${Math.round(done.ms)} ms`);
});

test("addresses for ssh are read as https", { skip }, async (t) => {
  const { git, broker, host } = await scene(t);
  for (const address of [`git@${host}:acme/api.git`, `ssh://git@${host}/acme/api.git`]) {
    broker.seen.length = 0;
    await git(["ls-remote", address]);
    assert.match(broker.seen[0]?.body ?? "", /^path=acme\/api\.git$/m, address);
  }
});

test("the path of LFS and names in any case of letters reach the broker as they are", { skip }, async (t) => {
  const { git, broker, host } = await scene(t);
  const input = `protocol=https\nhost=${host}\npath=Acme/API.git/info/lfs\n\n`;
  await must(git(["-c", "core.askPass=false", "credential", "fill"], {}, undefined, input));
  assert.match(broker.seen[0]?.body ?? "", /^path=Acme\/API\.git\/info\/lfs$/m);
});
