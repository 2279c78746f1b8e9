/** What tinyclaw.sh calls. Composition root. */
import { readCommonConfig } from "../core/config.ts";
import { loadEnvironment } from "../core/secrets.ts";
import { ConfigError, EXIT, describeError } from "../core/errors.ts";
import { runDemo } from "./demo/demo.ts";
import { CliError } from "./errors.ts";
import { parseSend, send } from "./send.ts";

const USAGE = "usage: main.js demo [--once] | send [--thread N] MESSAGE… (- reads standard input)";

async function main(words: readonly string[]): Promise<number> {
  const [command, ...rest] = words;
  switch (command) {
    case "demo": {
      const unknown = rest.find((word) => word !== "--once");
      if (unknown !== undefined) throw new CliError("usage", `demo does not know ${unknown}: it takes --once alone.`);
      return await demo(rest.includes("--once"));
    }
    case "send": {
      const request = await parseSend(rest, process.stdin);
      const { dir } = readCommonConfig(loadEnvironment());
      process.stdout.write(`${await send(dir, request)}\n`);
      return EXIT.ok;
    }
    default:
      throw new CliError("usage", USAGE);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof CliError || error instanceof ConfigError;
  process.stderr.write(`${known ? error.message : describeError(error)}\n`);
  process.exitCode = statusOf(error);
}

/** Ctrl-C ends the demo in order: its processes and its directory go with it. */
async function demo(once: boolean): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = (): void => {
    interrupted.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await runDemo({ once, signal: interrupted.signal });
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.config;
  return error instanceof CliError && error.code === "usage" ? 2 : 1;
}
