/** The real stack on a real engine: the images of this checkout, its compose.yaml, its tinyclaw.sh. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../../src/cli/demo/free-port.ts";
import { ScriptedAgent } from "./agent.ts";
import { copyCheckout } from "./checkout.ts";
import { attempt, docker, must } from "./docker.ts";
import type { Outcome } from "./docker.ts";
import { removeLeftovers } from "./leftovers.ts";
import { CA_IN_CONTAINER, StandIns } from "./stand-ins.ts";

export const SERVICES = ["broker", "bot", "dashboard"] as const;
export type Service = (typeof SERVICES)[number];

/** Images under a tag of their own: an operator's stay what they are, and the next run finds the layers of this one. */
const TAG = "test";
const PROJECT = "tinyclaw-test-";
const FIRST_PORT = 3180;
const HEALTHY_MS = 120_000;
const POLL_MS = 200;

export class Stack {
  readonly agent: ScriptedAgent;
  readonly standIns: StandIns;
  /** The broker's key, as the operator was given it. */
  readonly privateKeyPem: string;
  readonly brokerSecret = randomBytes(32).toString("hex");
  readonly project = `${PROJECT}${process.pid}`;
  readonly #root: string;
  readonly #port: number;
  readonly #tag: string;

  private constructor(place: { root: string; port: number; tag: string }, agent: ScriptedAgent, standIns: StandIns) {
    this.#root = place.root;
    this.#port = place.port;
    this.#tag = place.tag;
    this.agent = agent;
    this.standIns = standIns;
    this.privateKeyPem = standIns.github.addKey().privateKeyPem;
  }

  /** Copies the checkout, builds its images, and starts the stand-ins; nothing of the stack runs yet. */
  static async open(tag = TAG): Promise<Stack> {
    await removeLeftovers(PROJECT);
    const root = await mkdtemp(join(tmpdir(), "tinyclaw-stack-"));
    const certificates = join(root, "stand-ins");
    await mkdir(certificates);
    const agent = new ScriptedAgent();
    const standIns = await StandIns.start(certificates, agent.script);
    const stack = new Stack({ root, tag, port: await freePort(FIRST_PORT) }, agent, standIns);
    try {
      await stack.#prepare();
      return stack;
    } catch (error) {
      await stack.#removeFiles();
      throw error;
    }
  }

  get telegram(): StandIns["telegram"] {
    return this.standIns.telegram;
  }

  /** The published one, on 127.0.0.1. */
  get dashboardUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  image(service: Service): string {
    return `tinyclaw-${service}:${this.#tag}`;
  }

  /** Runs `./tinyclaw.sh …` as an operator does, from another directory. */
  tinyclaw(...words: string[]): Promise<Outcome> {
    return attempt(this.#script, words, { cwd: this.#root, env: this.#address });
  }

  /** As `tinyclaw`, for a command that does not end by itself: a process that the caller ends. */
  startTinyclaw(...words: string[]): ChildProcessByStdio<null, Readable, null> {
    const options = { cwd: this.#root, env: { ...process.env, ...this.#address }, detached: true };
    return spawn(this.#script, words, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  }

  /** `docker compose …` for this stack. */
  compose(...words: string[]): Promise<string> {
    const files = ["-f", join(this.checkout, "compose.yaml"), "-f", this.#override];
    return must("docker", ["compose", "-p", this.project, ...files, ...words], { cwd: this.checkout });
  }

  /** `./tinyclaw.sh start`; resolves when all are healthy, with the ms that took. */
  async up(): Promise<number> {
    const started = performance.now();
    const { status, stderr } = await this.tinyclaw("start");
    if (status !== 0) throw new Error(`./tinyclaw.sh start ended with ${status}: ${stderr}`);
    await this.healthy();
    return performance.now() - started;
  }

  /** Resolves when every service runs and is healthy; rejects after two minutes, with what is not. */
  async healthy(): Promise<void> {
    const until = Date.now() + HEALTHY_MS;
    for (;;) {
      const states = await Promise.all(SERVICES.map((service) => this.state(service)));
      if (states.every((state) => state === "healthy")) return;
      if (Date.now() > until) {
        const list = SERVICES.map((service, n) => `${service}: ${states[n]}`).join(", ");
        throw new Error(`not healthy after ${HEALTHY_MS / 1000} s: ${list}\n${await this.lastLines()}`);
      }
      await pause(POLL_MS);
    }
  }

  /** `healthy`, `starting`, `unhealthy`, `exited` …; `absent` without a container. */
  async state(service: Service): Promise<string> {
    const format = "{{if .State.Running}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}";
    return await this.inspect(service, format).catch(() => "absent");
  }

  async inspect(service: Service, format: string): Promise<string> {
    return await docker("inspect", "--format", format, await this.container(service));
  }

  /** Id of a service's container. Throws where there is none. */
  async container(service: Service): Promise<string> {
    const labels = [`project=${this.project}`, `service=${service}`];
    const filters = labels.flatMap((label) => ["--filter", `label=com.docker.compose.${label}`]);
    const [id = ""] = (await docker("ps", "-aq", "--no-trunc", ...filters)).split("\n");
    if (id === "") throw new Error(`there is no container of ${service}`);
    return id;
  }

  /** Runs a command in a container, as the service's own user. */
  async exec(service: Service, ...words: string[]): Promise<Outcome> {
    return await attempt("docker", ["exec", await this.container(service), ...words]);
  }

  /** As `exec`, as the container's root. */
  async execAsRoot(service: Service, ...words: string[]): Promise<Outcome> {
    return await attempt("docker", ["exec", "--user", "0", await this.container(service), ...words]);
  }

  /** A record of the bot's. */
  async readData(path: string): Promise<string> {
    const { status, stdout, stderr } = await this.exec("dashboard", "cat", `/app/.tinyclaw/${path}`);
    if (status !== 0) throw new Error(`${path} cannot be read: ${stderr}`);
    return stdout;
  }

  /** Kills all processes of a container from outside, as a host that is out of memory does. */
  async slay(service: Service): Promise<void> {
    const pid = await this.inspect(service, "{{.State.Pid}}");
    const around = ["--rm", "--pid", "host", "--user", "0", "--network", "none", "--entrypoint", "sh"];
    await docker("run", ...around, this.image("broker"), "-c", 'kill -9 "$0"', pid);
  }

  /** What the services printed of late. */
  async lastLines(): Promise<string> {
    return await this.compose("logs", "--no-color", "--tail", "15").catch(String);
  }

  /** Takes everything down: containers, volumes, networks, stand-ins, files. Images stay, for their layers. */
  async close(): Promise<void> {
    await this.compose("down", "--volumes", "--remove-orphans", "--timeout", "10").catch(console.error);
    await this.#removeFiles();
  }

  async #removeFiles(): Promise<void> {
    await this.standIns.stop();
    await rm(this.#root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The copy of the checkout that the stack runs from. */
  get checkout(): string {
    return join(this.#root, "checkout");
  }

  get #script(): string {
    return join(this.checkout, "tinyclaw.sh");
  }

  get #override(): string {
    return join(this.#root, "override.json");
  }

  /** By which tinyclaw.sh and compose know this stack. */
  get #address(): Record<string, string> {
    const files = `${join(this.checkout, "compose.yaml")}:${this.#override}`;
    return { COMPOSE_PROJECT_NAME: this.project, COMPOSE_FILE: files };
  }

  async #prepare(): Promise<void> {
    await copyCheckout(this.checkout);
    await writeFile(join(this.checkout, ".env"), this.#environment(), { mode: 0o600 });
    await writeFile(this.#override, JSON.stringify(this.#stranger(), undefined, 2));
    await this.#writeKey();
    // One file of settings is what git reads here; it must be there before a container that it is mounted into.
    await writeFile(join(this.#root, "gitconfig"), "");
    await this.compose("build");
    await this.#installGitAccess();
  }

  #environment(): string {
    const values = {
      ...this.standIns.environment,
      BROKER_SECRET: this.brokerSecret,
      DASHBOARD_PORT: String(this.#port),
      TINYCLAW_TAG: this.#tag,
      TZ: "UTC",
    };
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    return `${lines.join("\n")}\n`;
  }

  /** What compose.yaml does not know of: that GitHub is a server with a certificate of its own, under another name. */
  #stranger(): object {
    const certificate = `${join(this.#root, "stand-ins", "cert.pem")}:${CA_IN_CONTAINER}:ro`;
    return {
      services: {
        broker: { environment: { NODE_EXTRA_CA_CERTS: CA_IN_CONTAINER }, volumes: [certificate] },
        bot: {
          environment: { GIT_SSL_CAINFO: CA_IN_CONTAINER },
          volumes: [certificate, `${join(this.#root, "gitconfig")}:/etc/gitconfig:ro`],
        },
      },
    };
  }

  /** As an operator leaves it: the broker's user is given it by tinyclaw.sh. */
  async #writeKey(): Promise<void> {
    const folder = join(this.checkout, "secrets");
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, "github-app.pem"), this.privateKeyPem, { mode: 0o600 });
  }

  /** As the image does for github.com, for the stand-in. */
  async #installGitAccess(): Promise<void> {
    const words = ["install-git-access", "--host", this.standIns.gitHost, "--file", "/setup/gitconfig"];
    const around = ["--rm", "--user", "0", "--network", "none", "--volume", `${this.#root}:/setup`];
    await docker("run", ...around, this.image("bot"), ...words);
  }
}
