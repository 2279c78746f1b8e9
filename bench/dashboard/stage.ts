/** The servers that are measured, each a process of its own over a data directory of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Lines } from "./lines.ts";

/**
 * `ours`, `monitored` and `many` are the dashboard; `many` takes as many WebSockets as it is told. `unboundedWs` is `ws`
 * without places and without bounds, `bare` a process that does nothing.
 */
export type Kind = "ours" | "monitored" | "many" | "express" | "ws" | "unboundedWs" | "bare";
/** How its clients are talked to. */
export type Wire = "dashboard" | "sse" | "ws";

/** How long the event loop was held, ms: as a timer saw it, and in processor time of its own. */
export interface LoopWaits {
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly busyP99: number;
  readonly busyP999: number;
  readonly busyMax: number;
}

export interface Server {
  readonly wire: Wire;
  readonly pid: number;
  readonly port: number;
  /** What it tails. */
  readonly file: string;
  /** Resolves when its heap has been swept; for `many`, `express` and `ws`. */
  sweep(): Promise<void>;
  /** Since it was asked last; for `monitored` and `bare`. */
  loopWaits(): Promise<LoopWaits>;
  stop(): Promise<void>;
}

const DASHBOARD = new URL("../../src/dashboard/main.js", import.meta.url);
const MONITOR = new URL("./loop-monitor.js", import.meta.url);
const SWEEPS = ["--expose-gc"];
const WS = new URL("./ws-tail.js", import.meta.url);
const PROGRAMS: Readonly<Record<Kind, { wire: Wire; url: URL; flags: readonly string[]; mode?: string }>> = {
  ours: { wire: "dashboard", url: DASHBOARD, flags: [] },
  monitored: { wire: "dashboard", url: DASHBOARD, flags: ["--import", MONITOR.href] },
  many: { wire: "dashboard", url: new URL("./many-sockets.js", import.meta.url), flags: SWEEPS },
  express: { wire: "sse", url: new URL("./express-sse.js", import.meta.url), flags: SWEEPS },
  ws: { wire: "ws", url: WS, flags: SWEEPS },
  unboundedWs: { wire: "ws", url: WS, flags: SWEEPS, mode: "unbounded" },
  bare: { wire: "dashboard", url: MONITOR, flags: [] },
};
const HISTORY = "message-history.jsonl";

/** A folder for the data of what is measured, gone afterwards, and the servers in it ended. */
export class Stage {
  readonly #root: string;
  readonly #servers: Server[] = [];

  private constructor(root: string) {
    this.#root = root;
  }

  static async use<T>(task: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(await mkdtemp(path.join(tmpdir(), "tinyclaw-bench-")));
    try {
      return await task(stage);
    } finally {
      await Promise.all(stage.#servers.map((server) => server.stop()));
      await rm(stage.#root, { recursive: true, force: true });
    }
  }

  /** A file with so many lines, as the only one of a data directory. */
  async file(lines = 0): Promise<string> {
    const dir = await mkdtemp(path.join(this.#root, "data-"));
    await mkdir(path.join(dir, "logs"));
    const file = path.join(dir, HISTORY);
    await writeFile(file, new Lines(lines).block(0));
    return file;
  }

  async start(kind: Kind, given: { file?: string; maxSockets?: number } = {}): Promise<Server> {
    const file = given.file ?? (await this.file());
    const { wire, url, flags, mode } = PROGRAMS[kind];
    const words =
      url === DASHBOARD ? [] : [file, String(given.maxSockets ?? 64), ...(mode === undefined ? [] : [mode])];
    const child = spawn(process.execPath, [...flags, fileURLToPath(url), ...words], {
      cwd: this.#root,
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] ?? "", TINYCLAW_DIR: path.dirname(file), DASHBOARD_PORT: "0" },
    });
    const [, port] = await told(child, /"port":(\d+)/);
    const server: Server = {
      wire,
      pid: child.pid ?? 0,
      port: Number(port),
      file,
      async sweep() {
        const swept = told(child, /swept/);
        child.kill("SIGUSR2");
        await swept;
      },
      async loopWaits() {
        const waits = told(child, /loop (\{.*\})/);
        child.kill("SIGUSR2");
        return JSON.parse((await waits)[1] ?? "") as LoopWaits;
      },
      async stop() {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const closed = once(child, "close");
        child.kill("SIGTERM");
        await closed;
      },
    };
    this.#servers.push(server);
    return server;
  }
}

/** Waits for a text on its standard output. */
function told(child: ChildProcess, text: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = "";
    const onEnd = (): void => {
      reject(new Error(`a server of the benchmark ended and did not say ${text}: ${output}`));
    };
    const onData = (part: Buffer): void => {
      output = `${output}${part.toString("utf8")}`.slice(-4000);
      const found = text.exec(output);
      if (found === null) return;
      child.stdout?.off("data", onData);
      child.off("close", onEnd);
      child.stdout?.resume();
      resolve(found);
    };
    child.stdout?.on("data", onData);
    child.once("close", onEnd);
  });
}
