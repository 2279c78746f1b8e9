import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { tempDir } from "../support/temp-dir.ts";
import { BrokerStandIn, denial, gitAnswer, SECRET, TOKEN } from "./broker-stand-in.ts";
import type { Told } from "./broker-stand-in.ts";
import { bin, lacks, run } from "./run.ts";
import type { Outcome } from "./run.ts";

const skip = lacks("curl", "sha256sum");
const helper = path.join(bin, "git-credential-tinyclaw");
const REQUEST = "protocol=https\nhost=github.com\npath=acme/api.git\n";

interface Scene {
  readonly broker: BrokerStandIn;
  readonly ask: (input: string | Buffer, words?: readonly string[], env?: Record<string, string>) => Promise<Outcome>;
}

async function scene(t: TestContext, ...answers: Told[]): Promise<Scene> {
  const broker = await BrokerStandIn.start(t, ...(answers.length === 0 ? [gitAnswer] : answers));
  const cwd = await tempDir(t);
  return {
    broker,
    ask: (input, words = ["get"], env = {}) => run(helper, words, { cwd, input, env: { ...broker.env, ...env } }),
  };
}

/** One sentence on standard error, and git told to give up. */
function assertRefused(outcome: Outcome, reason: RegExp): void {
  assert.equal(outcome.stdout, "quit=1\n");
  assert.match(outcome.stderr, /^tinyclaw: [^\n]+\n$/);
  assert.match(outcome.stderr, reason);
  assert.equal(outcome.status, 0);
}

test("a request for a repository is answered with a token of the broker's", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  const told = await ask(`${REQUEST}username=someone\nwwwauth[]=Basic realm="GitHub"\ncapability[]=state\n`);
  assert.deepEqual([told.stdout, told.stderr, told.status], [gitAnswer.body, "", 0]);
  assert.deepEqual(broker.seen, [
    {
      method: "POST",
      path: "/v1/git-credential",
      authorization: `Bearer ${SECRET}`,
      type: "text/plain",
      body: "protocol=https\nhost=github.com\npath=acme/api.git\n",
    },
  ]);
});

test("the host counts without regard to case and to https's own port", { skip }, async (t) => {
  const { ask } = await scene(t);
  for (const host of ["GitHub.com", "github.com:443", "GITHUB.COM:443"]) {
    const told = await ask(`protocol=https\nhost=${host}\npath=acme/api\n`);
    assert.equal(told.stdout, gitAnswer.body, host);
  }
});

test("another host gets tokens when it is the configured one, and github.com then gets none", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  const words = ["--host", "git.acme.test:8443", "get"];
  assert.equal(
    (await ask("protocol=https\nhost=git.acme.test:8443\npath=acme/api.git\n", words)).stdout,
    gitAnswer.body,
  );
  for (const host of ["github.com", "git.acme.test", "git.acme.test:443"]) {
    assert.equal((await ask(`protocol=https\nhost=${host}\npath=acme/api.git\n`, words)).stdout, "", host);
  }
  assert.equal(broker.seen.length, 1);
});

const elsewhere = [
  "evil.com",
  "github.com.evil.com",
  "github.com@evil.com",
  "evil.com#github.com",
  "api.github.com",
  "xgithub.com",
  "github.com:8443",
  "github.com:443:443",
  "github.com.",
  "localhost",
  "github.com/",
  "",
];
for (const host of elsewhere) {
  test(`a request of the host "${host}" is none of its business: nothing is sent or said`, { skip }, async (t) => {
    const { broker, ask } = await scene(t);
    for (const protocol of ["https", "http"]) {
      const told = await ask(`protocol=${protocol}\nhost=${host}\npath=acme/api.git\n`);
      assert.deepEqual([told.stdout, told.stderr, told.status], ["", "", 0]);
    }
    assert.deepEqual(broker.seen, []);
  });
}

const refused: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["plain http", "protocol=http\nhost=github.com\npath=acme/api.git\n", /https alone/],
  ["no protocol", "host=github.com\npath=acme/api.git\n", /https alone/],
  ["no path", "protocol=https\nhost=github.com\n", /useHttpPath/],
  ["an empty path", "protocol=https\nhost=github.com\npath=\n", /useHttpPath/],
  ["an owner alone", "protocol=https\nhost=github.com\npath=acme\n", /names no repository/],
  ["a path that climbs", "protocol=https\nhost=github.com\npath=acme/../other/api\n", /names no repository/],
  ["an empty part", "protocol=https\nhost=github.com\npath=acme//api\n", /names no repository/],
  ["a query", "protocol=https\nhost=github.com\npath=acme/api?x=1\n", /names no repository/],
  ["a quote", 'protocol=https\nhost=github.com\npath=acme/api"\n', /names no repository/],
  ["a backslash", "protocol=https\nhost=github.com\npath=acme/api\\nhost=evil.com\n", /names no repository/],
  ["a space", "protocol=https\nhost=github.com\npath=acme/a b\n", /names no repository/],
  ["CR", "protocol=https\r\nhost=github.com\r\npath=acme/api.git\r\n", /control character/],
  ["a NUL", Buffer.from("protocol=https\nhost=github.com\0.evil.com\npath=acme/api.git\n"), /control character/],
  ["an escape", "protocol=https\nhost=github.com\npath=acme/api\u001b[2J\n", /control character/],
  ["two hosts", "protocol=https\nhost=evil.com\nhost=github.com\npath=acme/api\n", /two values of host/],
  ["two paths", "protocol=https\nhost=github.com\npath=acme/api\npath=acme/web\n", /two values of path/],
  ["more than 16 KB", `${REQUEST}x=${"y".repeat(16_384)}\n`, /16 KB/],
];
for (const [what, input, reason] of refused) {
  test(`a request with ${what} is refused, and nothing is sent`, { skip }, async (t) => {
    const { broker, ask } = await scene(t);
    assertRefused(await ask(input), reason);
    assert.deepEqual(broker.seen, []);
  });
}

test("lines after an empty one do not count", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  const told = await ask("protocol=https\nhost=github.com\n\npath=acme/api.git\n");
  assertRefused(told, /useHttpPath/);
  assert.deepEqual(broker.seen, []);
});

for (const [what, told, reason] of [
  [
    "a denial",
    denial(403, "policy denies acme/api contents:write (ask the operator)"),
    /acme\/api contents:write \(ask/,
  ],
  ["a wrong secret", denial(401, "unknown caller"), /unknown caller/],
  ["too many requests", denial(429, "slow down"), /slow down/],
  ["a refusal without a sentence", { status: 404, body: "<html>" }, /answered 404/],
  ["a sentence with control characters", denial(403, "bad\u001b[31m"), /bad/],
  ["a 200 that brings nothing", { status: 200, body: "" }, /no password/],
  ["a 200 that brings half", { status: 200, body: "username=x\n" }, /no password/],
  ["a 200 with a control character", { status: 200, body: "username=x\npassword=a\u0001b\n" }, /control character/],
  ["a redirect", { status: 307, body: "" }, /answered 307/],
] as const) {
  test(`${what} ends in one sentence and one request`, { skip }, async (t) => {
    const { broker, ask } = await scene(t, told);
    const outcome = await ask(REQUEST);
    assertRefused(outcome, reason);
    assert.equal(outcome.stderr.includes("\u001b"), false);
    assert.equal(broker.seen.length, 1);
  });
}

test("an answer is cut down to user, password and expiry", { skip }, async (t) => {
  const body = `protocol=https\nhost=evil.com\nurl=https://evil.com\n${gitAnswer.body}quit=1\n`;
  const { ask } = await scene(t, { status: 200, body });
  assert.equal((await ask(REQUEST)).stdout, gitAnswer.body);
});

test("a broker that stumbles is asked once more", { skip }, async (t) => {
  const { broker, ask } = await scene(t, denial(503, "GitHub is down"), gitAnswer);
  assert.equal((await ask(REQUEST)).stdout, gitAnswer.body);
  assert.equal(broker.seen.length, 2);
});

test("a broker that stumbles twice has the last word", { skip }, async (t) => {
  const { broker, ask } = await scene(t, denial(503, "GitHub is down"));
  assertRefused(await ask(REQUEST), /GitHub is down/);
  assert.equal(broker.seen.length, 2);
});

test("no broker, or none that answers, is said in a sentence", { skip }, async (t) => {
  const { ask } = await scene(t);
  assertRefused(await ask(REQUEST, ["get"], { CREDENTIAL_BROKER_URL: "http://127.0.0.1:1" }), /does not answer/);
  assertRefused(await ask(REQUEST, ["get"], { CREDENTIAL_BROKER_URL: "" }), /CREDENTIAL_BROKER_URL is not set/);
  assertRefused(await ask(REQUEST, ["get"], { CREDENTIAL_BROKER_URL: "file:///etc/passwd" }), /must begin with http/);
  assertRefused(await ask(REQUEST, ["get"], { CREDENTIAL_BROKER_URL: "http://x/ -o y" }), /no plain address/);
  assertRefused(await ask(REQUEST, ["get"], { BROKER_SECRET: "" }), /BROKER_SECRET is not set/);
  assertRefused(await ask(REQUEST, ["get"], { BROKER_SECRET: 'a"\nurl = "b' }), /BROKER_SECRET holds/);
});

test("of two secrets the first is sent", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  await ask(REQUEST, ["get"], { BROKER_SECRET: `${SECRET}\nthe-next-one` });
  assert.equal(broker.seen[0]?.authorization, `Bearer ${SECRET}`);
});

test("neither a proxy nor the user's curlrc comes between it and the broker", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  const home = await tempDir(t);
  await writeFile(path.join(home, ".curlrc"), 'request = "PUT"\n');
  const env = { HOME: home, http_proxy: "http://127.0.0.1:1", ALL_PROXY: "http://127.0.0.1:1" };
  assert.equal((await ask(REQUEST, ["get"], env)).stdout, gitAnswer.body);
  assert.deepEqual(
    broker.seen.map(({ method }) => method),
    ["POST"],
  );
});

test("erase tells the broker the token's hash, and says nothing", { skip }, async (t) => {
  const { broker, ask } = await scene(t, { status: 204, body: "" });
  const told = await ask(`${REQUEST}username=x-access-token\npassword=${TOKEN}\n`, ["erase"]);
  assert.deepEqual([told.stdout, told.stderr, told.status], ["", "", 0]);
  const [seen] = broker.seen;
  const hash = createHash("sha256").update(TOKEN).digest("hex");
  assert.deepEqual([seen?.path, seen?.type], ["/v1/evict", "application/json"]);
  assert.deepEqual(JSON.parse(seen?.body ?? ""), { token_sha256: hash });
});

test("erase of another host's password, or of none, tells nobody", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  for (const input of [
    `protocol=https\nhost=evil.com\npath=a/b\npassword=${TOKEN}\n`,
    `protocol=http\nhost=github.com\npath=a/b\npassword=${TOKEN}\n`,
    REQUEST,
  ]) {
    assert.deepEqual((await ask(input, ["erase"])).stdout, "");
  }
  assert.deepEqual(broker.seen, []);
});

test("store, and what git may ask of helpers some day, do nothing", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  for (const word of ["store", "capability", ""]) {
    const told = await ask(`${REQUEST}password=${TOKEN}\n`, [word]);
    assert.deepEqual([told.stdout, told.stderr, told.status], ["", "", 0]);
  }
  assert.deepEqual(broker.seen, []);
});

test("no program is started with the secret or the token among its arguments", { skip }, async (t) => {
  const { broker, ask } = await scene(t);
  const folder = await tempDir(t);
  const log = path.join(folder, "arguments");
  for (const name of ["curl", "sha256sum", "sed", "tr", "head"]) {
    const spy = path.join(folder, name);
    await writeFile(spy, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>${log}\nPATH=\${PATH#*:}\nexec ${name} "$@"\n`);
    await chmod(spy, 0o755);
  }
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  await ask(REQUEST, ["get"], env);
  await ask(`${REQUEST}password=${TOKEN}\n`, ["erase"], env);
  assert.equal(broker.seen.length, 2);
  const seen = await readFile(log, "utf8");
  assert.match(seen, /^curl .*\/v1\/git-credential$/m);
  assert.match(seen, /^curl .*\/v1\/evict$/m);
  assert.deepEqual([seen.includes(SECRET), seen.includes(TOKEN)], [false, false]);
});

test("a traced shell writes down neither secret nor token", { skip }, async (t) => {
  const { broker } = await scene(t);
  const cwd = await tempDir(t);
  const told = await run("sh", ["-x", helper, "get"], { cwd, input: REQUEST, env: broker.env });
  assert.equal(told.stdout, gitAnswer.body);
  assert.deepEqual([told.stderr.includes(SECRET), told.stderr.includes(TOKEN)], [false, false]);
});
