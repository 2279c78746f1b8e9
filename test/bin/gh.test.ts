import assert from "node:assert/strict";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { denial, SECRET, TOKEN, tokenAnswer } from "./broker-stand-in.ts";
import { asked, assertStopped, repositoryOf, scene, searchPath, skip } from "./gh-scene.ts";
import { bin } from "./run.ts";

test(
  "the real gh runs with the token, the arguments as they were, and nothing else to log in with",
  { skip },
  async (t) => {
    const { broker, gh, stubs } = await scene(t);
    const words = ["pr", "list", "-R", "acme/api", "--search", "a  b * $HOME", ""];
    const done = await gh(words, { GH_TOKEN: "old", GITHUB_TOKEN: "old", GH_HOST: "evil.com" });
    assert.equal(done.status, 7);
    assert.deepEqual(done.stdout.replace(/\n$/, "").split("\n"), [
      ...words.map((word) => `arg ${word}`),
      `GH_TOKEN ${TOKEN}`,
      "GH_ENTERPRISE_TOKEN none",
      "GITHUB_TOKEN none",
      "GH_HOST none",
      "prompt 1",
      `config ${path.join(stubs, "../.cache/tinyclaw/gh")} `,
    ]);
    const [seen] = broker.seen;
    assert.deepEqual(
      [seen?.method, seen?.path, seen?.authorization, seen?.type],
      ["POST", "/v1/token", `Bearer ${SECRET}`, "application/json"],
    );
    assert.deepEqual(asked(broker), {
      owner: "acme",
      repositories: ["api"],
      permissions: { contents: "read", pull_requests: "read" },
    });
  },
);

const closed: readonly (readonly string[])[] = [
  ["auth", "token"],
  ["auth", "--hostname", "github.com", "token"],
  ["-R", "acme/api", "auth", "token"],
  ["auth", "login"],
  ["auth", "refresh"],
  ["auth", "setup-git"],
  ["auth", "logout"],
  ["auth", "status", "--show-token"],
  ["auth", "status", "--show-token=true"],
  ["auth", "status", "-t"],
  ["auth", "status", "-at"],
  ["-at", "auth", "status"],
  ["config", "set", "git_protocol", "ssh"],
  ["extension", "install", "acme/gh-tool"],
  ["ext", "exec", "tool"],
  ["extensions", "install", "acme/gh-tool"],
];
for (const words of closed) {
  test(`gh ${words.join(" ")} is refused`, { skip }, async (t) => {
    const { broker, gh } = await scene(t);
    assertStopped(await gh(words, { GH_REPO: "acme/api" }), 2, /is refused/);
    assert.deepEqual(broker.seen, []);
  });
}

test("gh auth status without the token is let through", { skip }, async (t) => {
  const { gh } = await scene(t);
  assert.equal((await gh(["auth", "status", "--hostname", "github.com"], { GH_REPO: "acme/api" })).status, 7);
});

for (const words of [[], ["--version"], ["help", "pr"], ["pr", "create", "--help"], ["completion", "-s", "bash"]]) {
  test(`"gh ${words.join(" ")}" needs no token and gets none`, { skip }, async (t) => {
    const { broker, gh } = await scene(t);
    const done = await gh(words, { GH_TOKEN: "old", CREDENTIAL_BROKER_URL: "" });
    assert.equal(done.status, 7, done.stderr);
    assert.match(done.stdout, /^GH_TOKEN none$/m);
    assert.deepEqual(broker.seen, []);
  });
}

const needs: readonly (readonly [readonly string[], Record<string, string> | undefined])[] = [
  [["pr", "create", "--title", "t", "--body", "b"], { contents: "read", pull_requests: "write" }],
  [["pr", "checks", "3"], { contents: "read", pull_requests: "read", checks: "read", statuses: "read" }],
  [["pr", "merge", "3"], { contents: "write", pull_requests: "write" }],
  [["issue", "view", "3"], { contents: "read", issues: "read" }],
  [["issue", "comment", "3", "-b", "hello"], { contents: "read", issues: "write" }],
  [["release", "create", "v1"], { contents: "write" }],
  [["run", "view", "3"], { actions: "read", contents: "read" }],
  [["workflow", "run", "ci.yml", "-f", "a=b"], { actions: "write", contents: "read" }],
  [["api", "repos/acme/api/pulls"], { contents: "read", pull_requests: "read" }],
  [["api", "repos/acme/api/issues/3/comments", "-f", "body=x"], { issues: "write" }],
  [["api", "repos/acme/api/issues", "-XPATCH"], { issues: "write" }],
  [["api", "repos/acme/api/contents/a", "--method", "PUT"], { contents: "write" }],
  [["api", "repos/acme/api/issues", "-ftitle=x"], { issues: "write" }],
  [["api", "-fquery=mutation{x}", "graphql"], { contents: "write", pull_requests: "write", issues: "write" }],
  [["api", "graphql", "-f", "query={viewer{login}}"], { contents: "read", pull_requests: "read", issues: "read" }],
  [["api", "graphql", "-f", "query=mutation{x}"], { contents: "write", pull_requests: "write", issues: "write" }],
  [["browse"], undefined],
];
for (const [words, permissions] of needs) {
  test(`gh ${words.join(" ")} asks for what it needs`, { skip }, async (t) => {
    const { broker, gh } = await scene(t);
    await gh(words, { GH_REPO: "acme/api" });
    assert.deepEqual(asked(broker).permissions, permissions);
  });
}

test("the caller may say which permissions", { skip }, async (t) => {
  const { broker, gh } = await scene(t);
  const env = { GH_REPO: "acme/api", TINYCLAW_GH_PERMISSIONS: "contents:read, issues:write" };
  assertStopped(await gh(["pr", "list"], { ...env, TINYCLAW_GH_PERMISSIONS: 'a":"b' }), 2, /is a list as/);
  assertStopped(await gh(["pr", "list"], env), 2, /is a list as/);
  await gh(["pr", "list"], { ...env, TINYCLAW_GH_PERMISSIONS: "contents:read,issues:write" });
  assert.deepEqual(asked(broker).permissions, { contents: "read", issues: "write" });
});

test("a denial is one sentence and exit 4, and the real gh does not run", { skip }, async (t) => {
  const { broker, gh } = await scene(t, denial(403, "The policy does not allow this."));
  const done = await gh(["pr", "create", "-R", "acme/api"]);
  assertStopped(done, 4, /acme\/api \(contents:read,pull_requests:write\): The policy does not allow this\./);
  assert.equal(broker.seen.length, 1);
});

test("a broker that stumbles is asked once more, and a dead one is exit 1", { skip }, async (t) => {
  const { broker, gh } = await scene(t, denial(503, "GitHub is down"), tokenAnswer);
  assert.equal((await gh(["pr", "list", "-R", "acme/api"])).status, 7);
  assert.equal(broker.seen.length, 2);
  broker.answers = [denial(502, "GitHub is down")];
  assertStopped(await gh(["pr", "list", "-R", "acme/api"]), 1, /GitHub is down/);
  broker.answers = [{ status: 200, body: "{}" }];
  assertStopped(await gh(["pr", "list", "-R", "acme/api"]), 1, /holds no token/);
  const dead = { CREDENTIAL_BROKER_URL: "http://127.0.0.1:1" };
  assertStopped(await gh(["pr", "list", "-R", "acme/api"], dead), 1, /does not answer/);
});

test("without a broker there is no access, and a sentence", { skip }, async (t) => {
  const { gh } = await scene(t);
  assertStopped(
    await gh(["pr", "list", "-R", "a/b"], { CREDENTIAL_BROKER_URL: "" }),
    4,
    /CREDENTIAL_BROKER_URL is not set/,
  );
  assertStopped(await gh(["pr", "list", "-R", "a/b"], { BROKER_SECRET: "" }), 4, /BROKER_SECRET is not set/);
});

test("accounts of an earlier login are not taken up", { skip }, async (t) => {
  const { gh, stubs } = await scene(t);
  const folder = path.join(stubs, "../.cache/tinyclaw/gh");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "hosts.yml"), "github.com: {oauth_token: x}\n");
  const done = await gh(["pr", "list", "-R", "acme/api"], { GH_CONFIG_DIR: "/etc" });
  assert.match(done.stdout, /^config \S*\/\.cache\/tinyclaw\/gh $/m);
});

test("the real gh is the next on PATH, through links too, or the one that is named", { skip }, async (t) => {
  const { gh, stubs } = await scene(t);
  const links = path.join(stubs, "links");
  await mkdir(links);
  await symlink(path.join(bin, "gh"), path.join(links, "gh"));
  for (const PATH of [`${links}:${bin}:${stubs}:${searchPath}`, `${bin}:${links}::${stubs}:${searchPath}`]) {
    assert.equal((await gh(["--version"], { PATH })).status, 7, PATH);
  }
  const named = path.join(stubs, "other");
  await writeFile(named, "#!/bin/sh\nexit 9\n");
  await chmod(named, 0o755);
  assert.equal((await gh(["--version"], { TINYCLAW_REAL_GH: named })).status, 9);
  await mkdir(path.join(stubs, "before"));
  await symlink(named, path.join(stubs, "before/gh"));
  const PATH = `${stubs}/before:${bin}:${stubs}:${searchPath}`;
  assert.equal((await gh(["--version"], { PATH }, path.join(bin, "gh"))).status, 7);
  assertStopped(await gh(["--version"], { TINYCLAW_REAL_GH: `${named}-gone` }), 127, /the real gh is not here/);
});

test("GitHub Enterprise's host, as it was installed, takes github.com's place", { skip }, async (t) => {
  const { broker, gh, git } = await scene(t);
  await git("config", "--system", "tinyclaw.webHost", "git.acme.test");
  const done = await gh(["pr", "list", "-R", "git.acme.test/acme/api"]);
  assert.match(done.stdout, /^GH_TOKEN none$/m);
  assert.match(done.stdout, new RegExp(`^GH_ENTERPRISE_TOKEN ${TOKEN}$`, "m"));
  assert.match(done.stdout, /^GH_HOST git\.acme\.test$/m);
  assert.equal(repositoryOf(broker), "acme/api");
  broker.seen.length = 0;
  assertStopped(await gh(["pr", "list", "-R", "github.com/acme/api"]), 2, /git\.acme\.test/);
  assert.deepEqual(broker.seen, []);
});

test(
  "no program but the real gh is started with the secret or the token within reach of others",
  { skip },
  async (t) => {
    const { broker, gh, stubs } = await scene(t);
    const log = path.join(stubs, "arguments");
    for (const name of ["curl", "sed", "tr", "cut"]) {
      const spy = path.join(stubs, name);
      const lines = [`printf '%s\\n' "${name} $* [\${GH_TOKEN-}]" >>${log}`, "PATH=${PATH#*:*:}", `exec ${name} "$@"`];
      await writeFile(spy, `#!/bin/sh\n${lines.join("\n")}\n`);
      await chmod(spy, 0o755);
    }
    const done = await gh(["pr", "list", "-R", "acme/api"]);
    assert.match(done.stdout, new RegExp(`^GH_TOKEN ${TOKEN}$`, "m"));
    assert.equal(broker.seen.length, 1);
    const seen = await readFile(log, "utf8");
    assert.match(seen, /^curl .*\/v1\/token \[\]$/m);
    assert.deepEqual([seen.includes(SECRET), seen.includes(TOKEN)], [false, false]);
  },
);
