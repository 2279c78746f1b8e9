import assert from "node:assert/strict";
import { test } from "node:test";
import { TOKEN } from "./broker-stand-in.ts";
import { assertStopped, repositoryOf, scene, skip } from "./gh-scene.ts";

const namings: readonly (readonly [string, readonly string[], Record<string, string>])[] = [
  ["-R", ["pr", "list", "-R", "acme/api"], {}],
  ["-R=", ["pr", "list", "-R=acme/api"], {}],
  ["-R without a space", ["pr", "list", "-Racme/api"], {}],
  ["--repo", ["issue", "list", "--repo", "acme/api"], {}],
  ["--repo=", ["issue", "list", "--repo=github.com/acme/api"], {}],
  ["--repo with an address", ["issue", "list", "--repo", "https://github.com/acme/api.git"], {}],
  ["-R before the command", ["-R", "acme/api", "pr", "list"], {}],
  ["-R after a text that looks like one", ["issue", "create", "--title", "-R", "--body", "x/y", "-R", "acme/api"], {}],
  ["-R rather than GH_REPO", ["pr", "list", "-R", "acme/api"], { GH_REPO: "other/web" }],
  ["GH_REPO", ["pr", "list"], { GH_REPO: "acme/api" }],
  ["GH_REPO with a host", ["pr", "list"], { GH_REPO: "GitHub.com/acme/api" }],
  ["gh api and a path", ["api", "repos/acme/api/pulls"], {}],
  ["gh api and a path with a slash", ["api", "-X", "GET", "/repos/acme/api"], {}],
  ["gh api and a path with a query", ["api", "repos/acme/api?per_page=1"], {}],
  ["gh api and an address", ["api", "https://api.github.com/repos/acme/api/issues"], {}],
  ["gh api with placeholders and GH_REPO", ["api", "repos/{owner}/{repo}/pulls"], { GH_REPO: "acme/api" }],
  ["gh api and a path rather than GH_REPO", ["api", "repos/acme/api/pulls"], { GH_REPO: "other/web" }],
  ["the address of a pull request", ["pr", "view", "https://github.com/acme/api/pull/3"], {}],
  ["an address after other options", ["pr", "view", "--json", "title", "https://github.com/acme/api/pull/3#x"], {}],
  ["owner and name for gh repo", ["repo", "clone", "acme/api", "there"], {}],
  ["an ssh address for gh repo", ["repo", "view", "git@github.com:acme/api.git"], {}],
];
for (const [what, words, env] of namings) {
  test(`the repository is named by ${what}`, { skip }, async (t) => {
    const { broker, gh } = await scene(t);
    const done = await gh(words, env);
    assert.equal(done.status, 7, done.stderr);
    assert.match(done.stdout, new RegExp(`^GH_TOKEN ${TOKEN}$`, "m"));
    assert.equal(repositoryOf(broker), "acme/api");
  });
}

const SECRET_PLACE = "https://github.com/acme/secret/issues/1";
const ELSEWHERE = "https://evil.com/acme/secret/issues/1";
/** Words with an address in them that is some option's value, and the argument that is the command's. */
const texts: readonly (readonly [string, readonly string[]])[] = [
  ["the comment of gh issue close", ["issue", "close", "-c", SECRET_PLACE, "5"]],
  ["the comment of gh issue close, without a space", ["issue", "close", `-c${SECRET_PLACE}`, "5"]],
  ["the comment of gh pr close", ["pr", "close", "--comment", SECRET_PLACE, "5"]],
  ["the comment of gh pr close after its argument", ["pr", "close", "5", "--comment", SECRET_PLACE]],
  ["a comment after another letter", ["pr", "close", "-dc", SECRET_PLACE, "5"]],
  ["the comment of gh pr reopen", ["pr", "reopen", "-c", SECRET_PLACE, "5"]],
  ["a comment that looks like -R", ["issue", "close", "-c", "-Racme/secret", "5"]],
  ["a comment with an address elsewhere", ["issue", "close", "-c", ELSEWHERE, "5"]],
  ["a long comment with an address elsewhere", ["pr", "close", "--comment", ELSEWHERE, "5"]],
  ["the body of gh pr review", ["pr", "review", "5", "-c", "-b", SECRET_PLACE]],
  ["the issue it is a duplicate of", ["issue", "close", "5", "--duplicate-of", SECRET_PLACE]],
  ["the first tag of the notes", ["release", "create", "--notes-start-tag", SECRET_PLACE, "v1"]],
  ["the commit to merge", ["pr", "merge", "--match-head-commit", SECRET_PLACE, "5"]],
  ["a colour", ["pr", "diff", "--color", SECRET_PLACE, "5"]],
  ["a tag", ["release", "edit", "--tag", SECRET_PLACE, "v1"]],
  ["the repository for a branch", ["issue", "develop", "--branch-repo", "acme/secret", "5"]],
  ["the source of gh repo sync", ["repo", "sync", "--source", "acme/secret"]],
  ["the upstream of gh repo clone", ["repo", "clone", "-u", "acme/secret", "acme/api"]],
  ["the word after an option that nobody knows", ["pr", "view", "--brand-new", SECRET_PLACE, "5"]],
  ["the word after an option that nobody knows, elsewhere", ["pr", "view", "--brand-new", ELSEWHERE, "5"]],
  ["the word after a letter that nobody knows", ["pr", "view", "-Z", SECRET_PLACE, "5"]],
  ["a name after an option that nobody knows", ["repo", "view", "--brand-new", "acme/secret"]],
  ["a path after an option that nobody knows", ["api", "--brand-new", "repos/acme/secret"]],
  ["a letter of a command that nobody knows", ["brand", "new", "-c", SECRET_PLACE, "5"]],
  ["the homepage of gh repo edit", ["repo", "edit", "-h", SECRET_PLACE]],
];
for (const [what, words] of texts) {
  test(`in a clone, ${what} does not name the repository`, { skip }, async (t) => {
    const { broker, gh, git } = await scene(t);
    await git("init", "-q");
    await git("remote", "add", "origin", "https://github.com/acme/api.git");
    const done = await gh(words);
    assert.equal(done.status, 7, done.stderr);
    assert.equal(repositoryOf(broker), "acme/api");
  });
}

const switched: readonly (readonly string[])[] = [
  ["pr", "review", "-c", "https://github.com/acme/api/pull/3", "-b", "fine"],
  ["pr", "review", "--comment", "https://github.com/acme/api/pull/3", "-b", "fine"],
  ["pr", "view", "-c", "https://github.com/acme/api/pull/3"],
  ["pr", "view", "-cw", "https://github.com/acme/api/pull/3"],
  ["issue", "view", "--comments", "https://github.com/acme/api/issues/3"],
  ["issue", "develop", "-l", "https://github.com/acme/api/issues/3"],
  ["pr", "merge", "-ds", "https://github.com/acme/api/pull/3"],
  ["pr", "merge", "--squash", "--delete-branch", "https://github.com/acme/api/pull/3"],
  ["pr", "edit", "--remove-milestone", "https://github.com/acme/api/pull/3"],
  ["pr", "comment", "-bhello", "https://github.com/acme/api/pull/3"],
  ["api", "--paginate", "repos/acme/api/pulls"],
  ["api", "-i", "repos/acme/api/pulls"],
  ["api", "-XGET", "-fper_page=1", "repos/acme/api/pulls"],
  ["repo", "clone", "--no-upstream", "acme/api"],
  ["pr", "list", "--brand-new", "-R", "acme/api"],
];
for (const words of switched) {
  test(`gh ${words.join(" ")} names the repository all the same`, { skip }, async (t) => {
    const { broker, gh, git } = await scene(t);
    await git("init", "-q");
    await git("remote", "add", "origin", "https://github.com/acme/other.git");
    const done = await gh(words);
    assert.equal(done.status, 7, done.stderr);
    assert.equal(repositoryOf(broker), "acme/api");
  });
}

const remotes: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ["origin", [["origin", "https://github.com/acme/api.git"]]],
  ["origin by ssh", [["origin", "git@github.com:acme/api.git"]]],
  ["origin by ssh://", [["origin", "ssh://git@github.com/acme/api"]]],
  ["origin with a user in it", [["origin", "https://someone@github.com/acme/api"]]],
  ["a single remote of another name", [["fork", "https://github.com/acme/api"]]],
  [
    "upstream rather than origin",
    [
      ["origin", "https://github.com/me/api"],
      ["upstream", "https://github.com/acme/api"],
    ],
  ],
  [
    "origin, when upstream is elsewhere",
    [
      ["origin", "https://github.com/acme/api"],
      ["upstream", "https://gitlab.com/acme/api"],
    ],
  ],
];
for (const [what, list] of remotes) {
  test(`the repository is that of the git remote: ${what}`, { skip }, async (t) => {
    const { broker, gh, git } = await scene(t);
    await git("init", "-q");
    for (const [name, address] of list) await git("remote", "add", name, address);
    await gh(["pr", "list"]);
    assert.equal(repositoryOf(broker), "acme/api");
  });
}

test("the remote that gh itself was told to use comes first", { skip }, async (t) => {
  const { broker, gh, git } = await scene(t);
  await git("init", "-q");
  await git("remote", "add", "upstream", "https://github.com/other/web");
  await git("remote", "add", "mine", "https://github.com/acme/api");
  await git("config", "remote.mine.gh-resolved", "base");
  await gh(["pr", "list"]);
  assert.equal(repositoryOf(broker), "acme/api");
  broker.seen.length = 0;
  await git("config", "remote.mine.gh-resolved", "acme/elsewhere");
  await gh(["pr", "list"]);
  assert.equal(repositoryOf(broker), "acme/elsewhere");
});

const nameless: readonly (readonly [string, readonly string[], readonly (readonly [string, string])[]])[] = [
  ["nothing", ["pr", "list"], []],
  ["a remote elsewhere", ["pr", "list"], [["origin", "https://gitlab.com/acme/api"]]],
  ["a remote of a look-alike", ["pr", "list"], [["origin", "https://github.com.evil.com/acme/api"]]],
  ["a remote of a host behind an @", ["pr", "list"], [["origin", "https://github.com@evil.com/acme/api"]]],
  [
    "two remotes of other names",
    ["pr", "list"],
    [
      ["one", "https://github.com/acme/api"],
      ["two", "https://github.com/acme/web"],
    ],
  ],
  ["an api path without a repository", ["api", "user"], []],
  ["an api path with placeholders", ["api", "repos/{owner}/{repo}"], []],
  ["an address in a text", ["issue", "create", "--body", "https://github.com/acme/api"], []],
  ["a text that looks like an option", ["issue", "create", "--title", "-R", "--body", "acme/api"], []],
  ["an owner alone", ["repo", "list", "acme"], []],
  ["an address in a comment", ["issue", "close", "-c", "https://github.com/acme/secret/issues/1", "5"], []],
  ["an address after an option that nobody knows", ["pr", "view", "--brand-new", "https://github.com/acme/api"], []],
];
for (const [what, words, list] of nameless) {
  test(`${what} names no repository: exit 2, a hint, and no token`, { skip }, async (t) => {
    const { broker, gh, git } = await scene(t);
    if (list.length > 0) await git("init", "-q");
    for (const [name, address] of list) await git("remote", "add", name, address);
    assertStopped(await gh(words), 2, /which repository\? Name it with -R OWNER\/NAME/);
    assert.deepEqual(broker.seen, []);
  });
}

const misnamed: readonly (readonly [string, readonly string[], Record<string, string>])[] = [
  ["-R with another host", ["pr", "list", "-R", "evil.com/acme/api"], {}],
  ["-R with an owner alone", ["pr", "list", "-R", "acme"], {}],
  ["-R that climbs", ["pr", "list", "-R", "acme/.."], {}],
  ["-R with a quote", ["pr", "list", "-R", 'acme/a"b'], {}],
  ["-R with a line break", ["pr", "list", "-R", "acme/a\nb"], {}],
  ["-R with a look-alike", ["pr", "list", "-R", "https://github.com@evil.com/acme/api"], {}],
  ["GH_REPO with another host", ["pr", "list"], { GH_REPO: "evil.com/acme/api" }],
  ["an address elsewhere", ["pr", "view", "https://github.com.evil.com/acme/api/pull/1"], {}],
  ["an api address elsewhere", ["api", "https://evil.com/repos/acme/api"], {}],
  ["--hostname elsewhere", ["api", "repos/acme/api", "--hostname", "evil.com"], {}],
  ["-h elsewhere", ["auth", "status", "-h", "evil.com"], {}],
  ["--hostname= elsewhere", ["api", "repos/acme/api", "--hostname=evil.com"], {}],
];
for (const [what, words, env] of misnamed) {
  test(`${what} is refused with exit 2, and no token`, { skip }, async (t) => {
    const { broker, gh } = await scene(t);
    const done = await gh(words, env);
    assert.deepEqual([done.status, done.stdout], [2, ""]);
    assert.match(done.stderr, /^gh: .*github\.com/s);
    assert.deepEqual(broker.seen, []);
  });
}
