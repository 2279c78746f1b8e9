import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { GitHubSandbox } from "../../src/sandbox/github/github.ts";
import { makeCertificate } from "../support/certificate.ts";
import { tempDir } from "../support/temp-dir.ts";
import { SECRET } from "./broker-stand-in.ts";
import { bin, run } from "./run.ts";
import type { Outcome } from "./run.ts";

/** Names that this machine's own address answers to, for git alone. */
export const LOOK_ALIKES = ["localhost.evil.test", "evil.test"] as const;

export interface GitScene {
  readonly dir: string;
  /** The one host that gets tokens, `localhost:<port>`, over https. */
  readonly github: GitHubSandbox;
  readonly host: string;
  /** Another server over https, on another port, under every name of LOOK_ALIKES. */
  readonly evil: GitHubSandbox;
  readonly evilPort: string;
  /** A server over http. */
  readonly plain: GitHubSandbox;
  readonly caFile: string;
  readonly git: (
    words: readonly string[],
    env?: Record<string, string>,
    cwd?: string,
    input?: string,
  ) => Promise<Outcome>;
}

/** Three servers that ask for credentials, and a git that was set up by install-git-access for the first. */
export async function gitScene(t: TestContext, agent: Record<string, string>): Promise<GitScene> {
  const dir = await tempDir(t);
  const names = ["localhost", ...LOOK_ALIKES].map((name) => `DNS:${name}`);
  const { certificate, caFile } = await makeCertificate(dir, names);
  const [github, evil] = [new GitHubSandbox({ appId: 7, certificate }), new GitHubSandbox({ certificate })];
  const plain = new GitHubSandbox();
  for (const server of [github, evil, plain]) {
    await server.start();
    t.after(() => server.stop());
  }
  const { host } = new URL(github.url);
  const evilPort = new URL(evil.url).port;
  const env = { HOME: dir, GIT_CONFIG_SYSTEM: path.join(dir, "system"), GIT_SSL_CAINFO: caFile, ...agent };
  const git: GitScene["git"] = (words, more = {}, cwd = dir, input = "") =>
    run("git", words, { cwd, input, env: { ...env, ...more } });
  await must(run(path.join(bin, "install-git-access"), ["--host", host], { cwd: dir, env }));
  for (const name of LOOK_ALIKES) {
    await must(git(["config", "--system", "--add", "http.curloptResolve", `${name}:${evilPort}:127.0.0.1`]));
  }
  return { dir, github, host, evil, evilPort, plain, caFile, git };
}

export async function must(running: Promise<Outcome>): Promise<Outcome> {
  const outcome = await running;
  if (outcome.status !== 0) throw new Error(`ended with ${outcome.status}: ${outcome.stderr}`);
  return outcome;
}

/** Starts the real broker in a process of its own for the scene's GitHub. Returns what an agent is told of it. */
export async function startBroker(t: TestContext, scene: GitScene, grants: object): Promise<Record<string, string>> {
  const { dir, github, caFile } = scene;
  const keyFile = path.join(dir, "app.pem");
  await writeFile(keyFile, github.addKey().privateKeyPem, { mode: 0o600 });
  const policyFile = path.join(dir, "policy.yaml");
  const secret = createHash("sha256").update(SECRET).digest("hex");
  // JSON is YAML.
  const policy = { version: 1, clients: [{ id: "agent", secret_sha256: [secret], grants: [grants] }] };
  await writeFile(policyFile, JSON.stringify(policy));
  const program = path.join(import.meta.dirname, "../../src/broker/main.js");
  const child = spawn(process.execPath, [program], {
    cwd: dir,
    env: {
      PATH: process.env["PATH"],
      GITHUB_APP_ID: "7",
      GITHUB_APP_PRIVATE_KEY_FILE: keyFile,
      GITHUB_API_URL: `${github.url}/api/v3`,
      NODE_EXTRA_CA_CERTS: caFile,
      BROKER_SECRET: SECRET,
      BROKER_POLICY_FILE: policyFile,
      BROKER_PORT: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const port = await listeningPort(child.stdout);
  return { CREDENTIAL_BROKER_URL: `http://127.0.0.1:${port}`, BROKER_SECRET: SECRET };
}

async function listeningPort(log: NodeJS.ReadableStream): Promise<number> {
  const lines: string[] = [];
  const found = await new Promise<number | undefined>((resolve) => {
    const reader = createInterface({ input: log });
    reader.on("line", (line) => {
      lines.push(line);
      const port = /"port":(\d+)/.exec(line)?.[1];
      if (port !== undefined && line.includes("listening")) resolve(Number(port));
    });
    reader.once("close", () => {
      resolve(undefined);
    });
  });
  if (found === undefined) throw new Error(`the broker ended before it listened:\n${lines.join("\n")}`);
  return found;
}
