import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GitHubSandbox } from "../src/sandbox/github/github.ts";
import { quantile } from "./bench.ts";
import type { BenchRow } from "./bench.ts";

const MAIN = fileURLToPath(new URL("../src/broker/main.js", import.meta.url));
const MINT = /\/access_tokens$/;
const IN_FLIGHT = 200;
const SAMPLES = 2000;
const COALESCED = 1000;
const LONG_RUN = 100_000;
const HIT_MS = 5;
const DENIAL_MS = 5;
const RSS_MB = 96;

/**
 * The broker as a process of its own over keep-alive sockets, GitHub's stand-in and the callers in this one, so that on
 * two cores the numbers hold the caller's own work too.
 */
export async function run(): Promise<BenchRow[]> {
  const dir = await mkdtemp(path.join(tmpdir(), "tinyclaw-bench-"));
  const secret = randomBytes(32).toString("hex");
  const github = new GitHubSandbox({ appId: 77 });
  await github.start();
  github.addInstallation({
    account: "acme",
    repositories: Array.from({ length: IN_FLIGHT + 2 }, (_, n) => ({ name: `r${n}` })),
    permissions: { contents: "write", issues: "write", metadata: "read" },
  });
  const broker = await startBroker(dir, secret, github);
  try {
    const stage = { ...broker, github, secret };
    return [
      ...(await coalescing(stage)),
      ...(await hitsBesideMints(stage)),
      ...(await hitsAtOnce(stage)),
      ...(await denials(stage)),
      ...(await longRun(stage)),
    ];
  } finally {
    broker.child.kill("SIGTERM");
    await once(broker.child, "close");
    await github.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Stage {
  readonly child: ChildProcess;
  readonly port: number;
  readonly github: GitHubSandbox;
  readonly secret: string;
}
const area = "broker";

/** As many equal requests at once as there may be: one token is made. */
async function coalescing(stage: Stage): Promise<BenchRow[]> {
  const callers = await openCallers(stage, COALESCED);
  const before = mints(stage);
  await Promise.all(callers.map((caller) => caller.ask(hit("r0"))));
  closeAll(callers);
  const value = mints(stage) - before;
  return [{ area, what: `${COALESCED} equal requests at once`, value, unit: "mints", target: "= 1", ok: value === 1 }];
}

/** What a caller with a warm scope waits while the broker has 200 other requests in flight, all waiting for GitHub. */
async function hitsBesideMints(stage: Stage): Promise<BenchRow[]> {
  const waiting = await openCallers(stage, IN_FLIGHT);
  const [caller] = await openCallers(stage, 1);
  if (caller === undefined) throw new Error("no caller");
  const before = mints(stage);
  const lift = stage.github.order({ match: MINT, times: Infinity, fault: { kind: "delay", ms: 3500 } });
  const answers = waiting.map((one, n) => one.ask(hit(`r${n + 1}`)));
  const times: number[] = [];
  for (let n = 0; n < SAMPLES && mints(stage) === before; n += 1) times.push(await timed(caller, hit("r0")));
  lift();
  await Promise.all(answers);
  closeAll([...waiting, caller]);
  const p99 = quantile(times, 0.99);
  return [
    { area, what: `a cache hit beside ${IN_FLIGHT} requests in flight, p50`, value: quantile(times, 0.5), unit: "ms" },
    {
      area,
      what: `a cache hit beside ${IN_FLIGHT} requests in flight, p99`,
      value: p99,
      unit: "ms",
      target: `< ${HIT_MS}`,
      ok: p99 < HIT_MS,
    },
  ];
}

/** 200 callers that ask again as soon as they are answered: the most that the broker can do, and what each waits then. */
async function hitsAtOnce(stage: Stage): Promise<BenchRow[]> {
  const callers = await openCallers(stage, IN_FLIGHT);
  const times: number[] = [];
  const started = performance.now();
  await Promise.all(
    callers.map(async (caller) => {
      for (let n = 0; n < 100; n += 1) times.push(await timed(caller, hit("r0")));
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  closeAll(callers);
  return [
    { area, what: `cache hits with ${IN_FLIGHT} callers at full speed`, value: times.length / seconds, unit: "1/s" },
    { area, what: `a cache hit at full speed, p99`, value: quantile(times, 0.99), unit: "ms" },
  ];
}

async function denials(stage: Stage): Promise<BenchRow[]> {
  const [caller] = await openCallers(stage, 1);
  if (caller === undefined) throw new Error("no caller");
  const before = stage.github.calls.length;
  const times: number[] = [];
  for (let n = 0; n < SAMPLES; n += 1)
    times.push(await timed(caller, "/token?owner=acme&repositories=secret&permissions=contents:read", 403));
  closeAll([caller]);
  const p99 = quantile(times, 0.99);
  const calls = stage.github.calls.length - before;
  return [
    { area, what: "a denial, p99", value: p99, unit: "ms", target: `< ${DENIAL_MS}`, ok: p99 < DENIAL_MS },
    { area, what: `${SAMPLES} denials`, value: calls, unit: "calls of GitHub", target: "= 0", ok: calls === 0 },
  ];
}

/** Hits, denials and mistakes in turn, 100 at a time. */
async function longRun(stage: Stage): Promise<BenchRow[]> {
  const callers = await openCallers(stage, 100);
  const targets: [target: string, status: number][] = [
    [hit("r0"), 200],
    [hit("r1"), 200],
    ["/token?owner=acme&repositories=secret", 403],
    ["/token?owner=acme&repositories=..", 400],
  ];
  await Promise.all(
    callers.map(async (caller) => {
      for (let n = 0; n < LONG_RUN / callers.length; n += 1) {
        const [target, status] = targets[n % targets.length] ?? [hit("r0"), 200];
        await timed(caller, target, status);
      }
    }),
  );
  closeAll(callers);
  const rss = await residentMb(stage.child.pid ?? 0);
  return [
    {
      area,
      what: `resident memory after ${LONG_RUN} requests`,
      value: rss,
      unit: "MB",
      target: `< ${RSS_MB}`,
      ok: rss < RSS_MB,
    },
  ];
}

function hit(repository: string): string {
  return `/token?owner=acme&repositories=${repository}&permissions=contents:write`;
}

function mints({ github }: Stage): number {
  return github.calls.filter((call) => MINT.test(call.path)).length;
}

async function timed(caller: Caller, target: string, status = 200): Promise<number> {
  const started = performance.now();
  const told = await caller.ask(target);
  if (told !== status) throw new Error(`${target} was answered ${told} and not ${status}`);
  return performance.now() - started;
}

/** A keep-alive connection for one request at a time, by hand: node's client would take more time than the broker. */
class Caller {
  readonly #socket: Socket;
  readonly #secret: string;
  #text = "";
  #told: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(socket: Socket, secret: string) {
    this.#socket = socket;
    this.#secret = secret;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      this.#text += part;
      this.#look();
    });
    socket.on("close", () => this.#failed?.(new Error("the broker closed the connection")));
    socket.on("error", (error) => this.#failed?.(error));
  }

  ask(target: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#told = resolve;
      this.#failed = reject;
      this.#socket.write(`GET ${target} HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer ${this.#secret}\r\n\r\n`);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #look(): void {
    const end = this.#text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? Number.NaN);
    if (end < 0 || this.#text.length < end + 4 + length) return;
    const status = Number(this.#text.slice(9, 12));
    this.#text = "";
    this.#told?.(status);
  }
}

function openCallers({ port, secret }: Stage, count: number): Promise<Caller[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      return new Caller(socket, secret);
    }),
  );
}

function closeAll(callers: readonly Caller[]): void {
  for (const caller of callers) caller.close();
}

async function startBroker(
  dir: string,
  secret: string,
  github: GitHubSandbox,
): Promise<{ child: ChildProcess; port: number }> {
  const key = path.join(dir, "app.pem");
  const policy = path.join(dir, "policy.yaml");
  await writeFile(key, github.addKey().privateKeyPem);
  await writeFile(
    policy,
    `version: 1
clients:
  - id: bench
    secret_sha256: ["${createHash("sha256").update(secret).digest("hex")}"]
    limits: {mints_per_minute: 10000, mints_per_hour: 10000}
    grants:
      - {owner: acme, repositories: ["r*"], permissions: {contents: write, issues: write}}
`,
  );
  const child = spawn(process.execPath, [MAIN], {
    cwd: dir,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"] ?? "",
      GITHUB_APP_ID: "77",
      GITHUB_APP_PRIVATE_KEY_FILE: key,
      GITHUB_API_URL: github.url,
      BROKER_SECRET: secret,
      BROKER_POLICY_FILE: policy,
      BROKER_PORT: "0",
    },
  });
  let output = "";
  const port = await new Promise<number>((resolve, reject) => {
    child.once("close", () => {
      reject(new Error(`the broker did not start: ${output}`));
    });
    child.stdout.on("data", (part: Buffer) => {
      output = `${output}${part.toString("utf8")}`.slice(-4000);
      const [, found] = /"port":(\d+)/.exec(output) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return { child, port };
}

async function residentMb(pid: number): Promise<number> {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1024;
}
