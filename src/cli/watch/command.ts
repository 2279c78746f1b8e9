/** `watch [--all] [--thread N]`: what is said, in the terminal, over the dashboard's WebSocket. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { systemClock } from "../../core/clock.ts";
import { ConfigError, EXIT, errorCode } from "../../core/errors.ts";
import { loadEnvironment } from "../../core/secrets.ts";
import type { Environment } from "../../core/secrets.ts";
import { readDashboardConfig } from "../../dashboard/config.ts";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { follow } from "./follow.ts";
import type { Wanted } from "./follow.ts";
import { gapLine, lineOf, paintWith } from "./lines.ts";
import type { Names } from "./lines.ts";

/** Messages that are shown of the time before. */
const EARLIER = 10;
const FAULTS = { level: ["error", "fatal"] };

interface WatchRequest {
  readonly all: boolean;
  readonly threadId: number | undefined;
}

export async function run(words: readonly string[], context: Context): Promise<number> {
  const request = parseWatch(words);
  const environment = loadEnvironment();
  const { host, port, token } = readDashboardConfig(environment);
  if (port === 0) {
    throw new ConfigError("DASHBOARD_PORT is 0, which is any port: set the one the dashboard listens on.");
  }
  const leaving = new AbortController();
  context.interrupted().addEventListener("abort", () => {
    leaving.abort();
  });
  const out = process.stdout;
  // `watch | head` ends when head has enough.
  out.on("error", (error) => {
    if (errorCode(error) === "EPIPE") leaving.abort();
  });
  const paint = paintWith(wantsColour(environment, out.isTTY));
  let names: Names = new Map();
  await follow({
    url: `http://${reachable(host)}:${port}`,
    token,
    wanted: wantedOf(request),
    clock: systemClock,
    signal: leaving.signal,
    onNames(known) {
      names = known;
    },
    onRows(topic, rows) {
      const lines = rows.flatMap((row) => lineOf(topic, row, names, paint) ?? []);
      return lines.length === 0 || out.write(`${lines.join("\n")}\n`);
    },
    onGap(topic, reason, bytes) {
      out.write(`${gapLine(topic, reason, bytes, paint)}\n`);
    },
    onNote(text) {
      process.stderr.write(`watch: ${text}\n`);
    },
    async drained() {
      await once(out, "drain", { signal: leaving.signal }).catch(() => undefined);
    },
  });
  return EXIT.ok;
}

function parseWatch(words: readonly string[]): WatchRequest {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: { all: { type: "boolean" }, thread: { type: "string" } },
    });
    const { all = false, thread } = values;
    if (thread === undefined) return { all, threadId: undefined };
    if (/^[1-9]\d{0,14}$/.test(thread)) return { all, threadId: Number(thread) };
  } catch {
    // Told below.
  }
  throw new CliError("usage", "usage: watch [--all] [--thread N]; N is the number that the topic's link ends with");
}

function wantedOf({ all, threadId }: WatchRequest): Wanted[] {
  const filter = threadId === undefined ? {} : { threadId };
  const messages: Wanted = { topic: "messages", from: `tail:${EARLIER}`, filter };
  if (!all) return [messages];
  const faults = { ...filter, ...FAULTS };
  return [
    messages,
    { topic: "routing", from: "now", filter },
    { topic: "activity", from: "now", filter },
    { topic: "logs/telegram", from: "now", filter: faults },
    { topic: "logs/queue", from: "now", filter: faults },
    { topic: "logs/supervisor", from: "now", filter: faults },
  ];
}

/** An address that means all of them is one to listen on, not to go to. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** As no-color.org has it, and never into a file or a pipe. */
function wantsColour(environment: Environment, isTerminal: boolean): boolean {
  return isTerminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
}
