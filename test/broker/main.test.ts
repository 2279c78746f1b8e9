import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { AddressInfo } from "node:net";
import { GitHubSandbox } from "../../src/sandbox/github/github.ts";
import { tempDir } from "../support/temp-dir.ts";
import { SECRET, ask, policyText } from "./support.ts";

const MAIN = fileURLToPath(new URL("../../src/broker/main.js", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  output: string;
  /** Exit status. */
  readonly ended: Promise<number | null>;
}

function run(cwd: string, environment: Record<string, string>, ...words: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
  const started: Run = { child, output: "", ended: once(child, "close").then(([status]) => status as number | null) };
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (part: Buffer) => (started.output += part.toString("utf8")));
  return started;
}

async function portOf(started: Run): Promise<number> {
  for (;;) {
    const [, port] = /"port":(\d+)/.exec(started.output) ?? [];
    if (port !== undefined) return Number(port);
    await Promise.race([
      once(started.child.stdout ?? started.child, "data"),
      started.ended.then(() => Promise.reject(new Error(started.output))),
    ]);
  }
}

async function scene(
  t: TestContext,
): Promise<{ dir: string; github: GitHubSandbox; environment: Record<string, string> }> {
  const dir = await tempDir(t);
  const github = new GitHubSandbox({ appId: 77 });
  await github.start();
  t.after(() => github.stop());
  github.addInstallation({
    account: "acme",
    repositories: [{ name: "api" }],
    permissions: { contents: "write", metadata: "read" },
  });
  const key = path.join(dir, "app.pem");
  await writeFile(key, github.addKey().privateKeyPem);
  const environment = {
    GITHUB_APP_ID: "77",
    GITHUB_APP_PRIVATE_KEY_FILE: key,
    GITHUB_API_URL: github.url,
    BROKER_SECRET: SECRET,
    BROKER_PORT: "0",
  };
  return { dir, github, environment };
}

test("the program serves, logs no secret, and ends with 0 on SIGTERM", async (t) => {
  const { dir, github, environment } = await scene(t);
  github.tokenForm = "jwt";
  const started = run(dir, environment);
  t.after(() => started.child.kill("SIGKILL"));
  const port = await portOf(started);
  const told = await ask(port, "/token?owner=acme&repositories=api");
  assert.equal(told.status, 200);
  started.child.kill("SIGHUP");
  assert.equal((await ask(port, "/readyz")).status, 200);
  started.child.kill("SIGTERM");
  assert.equal(await started.ended, 0);
  const pem = await readFile(environment["GITHUB_APP_PRIVATE_KEY_FILE"] ?? "", "utf8");
  for (const hidden of [String(told.json["token"]), SECRET, pem.split("\n")[3] ?? "-", "eyJ"])
    assert.ok(!started.output.includes(hidden));
  assert.match(started.output, /"decision":"allow"/);
  assert.match(started.output, /"msg":"stopped"/);
});

test("it starts without anything, so that the stack comes up", async (t) => {
  const started = run(await tempDir(t), { BROKER_PORT: "0" });
  t.after(() => started.child.kill("SIGKILL"));
  const told = await ask(await portOf(started), "/readyz", { secret: null });
  assert.deepEqual([told.status, told.json["status"]], [200, "not_configured"]);
  started.child.kill("SIGINT");
  assert.equal(await started.ended, 0);
});

test("the environment may stand in .env, and the real one wins", async (t) => {
  const { dir, environment } = await scene(t);
  const { BROKER_PORT: port, ...rest } = environment;
  await writeFile(
    path.join(dir, ".env"),
    Object.entries({ ...rest, BROKER_PORT: "1" })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const started = run(dir, { BROKER_PORT: port ?? "0" });
  t.after(() => started.child.kill("SIGKILL"));
  assert.equal((await ask(await portOf(started), "/token?owner=acme&repositories=api")).status, 200);
});

const mistakes: [title: string, change: Record<string, string>, said: RegExp][] = [
  ["a weak secret", { BROKER_SECRET: "changeme" }, /^BROKER_SECRET does not parse[^\n]*\n$/],
  [
    "a secret given twice",
    { BROKER_SECRET_FILE: "/etc/hostname" },
    /^BROKER_SECRET and BROKER_SECRET_FILE are both set[^\n]*\n$/,
  ],
  [
    "a policy that is not there",
    { BROKER_POLICY_FILE: "/nonexistent.yaml" },
    /^The policy \/nonexistent\.yaml cannot be read[^\n]*\n$/,
  ],
];
for (const [title, change, said] of mistakes) {
  test(`status 125 and one line for ${title}`, async (t) => {
    const { dir, environment } = await scene(t);
    const started = run(dir, { ...environment, ...change });
    assert.equal(await started.ended, 125);
    const last = started.output.split("\n").slice(-2).join("\n");
    assert.match(last, said);
    assert.ok(!started.output.includes(SECRET));
  });
}

test("a bad policy at the start ends with 125 and its place", async (t) => {
  const { dir, environment } = await scene(t);
  const file = path.join(dir, "policy.yaml");
  await writeFile(file, policyText().replace("issues: write", "administration: write"));
  const started = run(dir, { ...environment, BROKER_POLICY_FILE: file });
  assert.equal(await started.ended, 125);
  assert.match(started.output, /administration can never be allowed/);
});

test("an address in use ends with 70", async (t) => {
  const { dir, environment } = await scene(t);
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  t.after(() => holder.close());
  const started = run(dir, { ...environment, BROKER_PORT: String((holder.address() as AddressInfo).port) });
  assert.equal(await started.ended, 70);
  assert.match(started.output, /EADDRINUSE[^\n]*BROKER_PORT/);
});

test("check-policy tells a good policy from a bad one", async (t) => {
  const dir = await tempDir(t);
  const [good, bad] = [path.join(dir, "good.yaml"), path.join(dir, "bad.yaml")];
  await writeFile(good, policyText());
  await writeFile(bad, policyText().replace("issues: write", "workflows: write"));
  const runs = [
    run(dir, {}, "check-policy", good),
    run(dir, {}, "check-policy", bad),
    run(dir, {}, "check-policy", path.join(dir, "none")),
    run(dir, {}, "help"),
  ];
  assert.deepEqual(await Promise.all(runs.map((one) => one.ended)), [0, 125, 125, 2]);
  assert.match(runs[0]?.output ?? "", /is good, digest [0-9a-f]{64}\n {2}client agent: 1 grants/);
  assert.match(runs[1]?.output ?? "", /needs allow_dangerous: \[workflows\]/);
});

test("--check tells a broker that is ready from none", async (t) => {
  const { dir, environment } = await scene(t);
  const started = run(dir, environment);
  t.after(() => started.child.kill("SIGKILL"));
  const port = String(await portOf(started));
  const good = run(dir, { BROKER_PORT: port }, "--check");
  assert.equal(await good.ended, 0);
  assert.match(good.output, /^the broker answers 200, ok[^\n]*\n$/);
  started.child.kill("SIGTERM");
  await started.ended;
  const none = run(dir, { BROKER_PORT: port }, "--check");
  assert.equal(await none.ended, 1);
  assert.match(none.output, /^the broker on port \d+ does not answer: [^\n]*\n$/);
});
