/** A broker in this process against GitHub's stand-in: what the tests over sockets share. */
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import type { TestContext } from "node:test";
import { createHash } from "node:crypto";
import { Broker } from "../../src/broker/broker.ts";
import { readBrokerConfig } from "../../src/broker/config.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { GitHubSandbox, type GitHubSandboxOptions } from "../../src/sandbox/github/github.ts";
import { tempDir } from "../support/temp-dir.ts";

export const SECRET = "test-secret-0123456789-abcdefghijklmnop";
export const OTHER_SECRET = "other-secret-9876543210-ponmlkjihgfedcba";

/** The real clock, with leaps forward on order. Pauses are as long as asked. */
export class LeapingClock implements Clock {
  #ahead = 0;
  #frozenAt: number | undefined;
  #asleep = 0;
  leap(ms: number): void {
    this.#ahead += ms;
  }
  /** The machine sleeps: the monotonic clock stands still meanwhile. */
  suspend(ms: number): void {
    this.#asleep += ms;
  }
  /** Time passes by leaps alone from now on, on the monotonic clock. */
  freeze(): void {
    this.#frozenAt = systemClock.monotonic();
  }
  now(): number {
    return systemClock.now() + this.#ahead + this.#asleep;
  }
  monotonic(): number {
    return (this.#frozenAt ?? systemClock.monotonic()) + this.#ahead;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
  after(ms: number, task: () => void): () => void {
    return systemClock.after(ms, task);
  }
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Send {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | object;
  /** None when null. */
  readonly secret?: string | null;
}

/** One request over a socket of its own. */
export function ask(port: number, target: string, options: Send = {}): Promise<Told> {
  const { method = "GET", secret = SECRET, body } = options;
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const headers = {
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    ...(typeof body === "object" ? { "content-type": "application/json" } : {}),
    ...(text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path: target, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const told = Buffer.concat(parts).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: told, json: jsonOf(told) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export interface Stage {
  readonly github: GitHubSandbox;
  readonly broker: Broker;
  readonly port: number;
  readonly clock: LeapingClock;
  readonly dir: string;
  readonly keyFile: string;
  readonly policyFile: string;
  /** Every line the broker wrote. */
  readonly lines: string[];
  readonly ask: (target: string, options?: Send) => Promise<Told>;
  /** Mints that GitHub was asked for. */
  readonly mints: () => number;
  /** The decisions in the log. */
  readonly decisions: () => Record<string, unknown>[];
}

export interface StageOptions {
  readonly policy?: string;
  /** Leave the key file out. */
  readonly noKey?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly github?: GitHubSandboxOptions;
}

export const MINT = /\/access_tokens$/;

/** The next token is asked for, and made when the test lets it. */
export function heldMint({ github }: Stage): { readonly begun: Promise<void>; readonly release: () => void } {
  let [begin, release] = [(): void => undefined, (): void => undefined];
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const until = new Promise<void>((resolve) => (release = resolve));
  const match = ({ path }: { readonly path: string }): boolean => {
    if (!MINT.test(path)) return false;
    begin();
    return true;
  };
  github.order({ match, fault: { kind: "hold", until } });
  return { begun, release };
}

/** GitHub with `acme` (1: api, web, site; all the usual permissions and more) and `globex` (2: api), and a broker. */
export async function openStage(t: TestContext, options: StageOptions = {}): Promise<Stage> {
  const clock = new LeapingClock();
  const github = new GitHubSandbox({ appId: 77, clock, ...options.github });
  await github.start();
  t.after(() => github.stop());
  const permissions = {
    contents: "write",
    issues: "write",
    pull_requests: "write",
    metadata: "read",
    actions: "write",
    workflows: "write",
    administration: "write",
  } as const;
  const repositories = [
    { name: "api", id: 501 },
    { name: "web", id: 502 },
    { name: "site", id: 503 },
  ];
  github.addInstallation({ account: "acme", id: 1, repositories, permissions });
  github.addInstallation({
    account: "globex",
    id: 2,
    type: "User",
    repositories: [{ name: "api", id: 601 }],
    permissions,
  });
  const dir = await tempDir(t);
  const keyFile = path.join(dir, "app.pem");
  const policyFile = path.join(dir, "policy.yaml");
  if (options.noKey !== true) await writeFile(keyFile, github.addKey().privateKeyPem);
  if (options.policy !== undefined) await writeFile(policyFile, options.policy);
  const lines: string[] = [];
  const config = readBrokerConfig({
    GITHUB_APP_ID: "77",
    GITHUB_APP_PRIVATE_KEY_FILE: keyFile,
    GITHUB_API_URL: github.url,
    BROKER_SECRET: SECRET,
    BROKER_PORT: "0",
    LOG_LEVEL: "debug",
    ...(options.policy === undefined ? {} : { BROKER_POLICY_FILE: policyFile }),
    ...options.environment,
  });
  const sink = { write: (line: string) => lines.push(line) };
  const { broker, port } = await Broker.start({ config, clock, random: Math.random, sink });
  t.after(() => broker.stop());
  return {
    github,
    broker,
    port,
    clock,
    dir,
    keyFile,
    policyFile,
    lines,
    ask: (target, send) => ask(port, target, send),
    mints: () => github.calls.filter((call) => MINT.test(call.path)).length,
    decisions: () =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line["audit"] === true),
  };
}

export function sha256(text: string, encoding: "hex" | "base64" = "base64"): string {
  return createHash("sha256").update(text).digest(encoding);
}

/** A policy for SECRET as `agent`, and OTHER_SECRET as `second` with nothing but `web`. */
export function policyText(grant = "", more = ""): string {
  return `version: 1
${more}
clients:
  - id: agent
    secret_sha256: ["${sha256(SECRET, "hex")}"]
    limits: {mints_per_minute: 10000, mints_per_hour: 100000}
    grants:
      - owner: acme
        repositories: [api, "w*"]
        permissions: {contents: write, issues: write, pull_requests: read}
${grant}
  - id: second
    secret_sha256: ["${sha256(OTHER_SECRET, "hex")}"]
    grants:
      - owner: acme
        repositories: [web]
        permissions: {contents: read}
`;
}
