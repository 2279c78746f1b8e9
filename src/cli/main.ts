/** What tinyclaw.sh calls. Composition root. */
import { setMaxListeners } from "node:events";
import { ConfigError, EXIT, describeError } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { CliError } from "./errors.ts";

/** Loaded when called: no command waits for another's packages, and an image may hold some of them alone. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  backup: () => import("./backup/backup.ts"),
  demo: () => import("./demo/command.ts"),
  doctor: () => import("./doctor/command.ts"),
  init: () => import("./init/command.ts"),
  queue: () => import("./queue/command.ts"),
  restore: () => import("./backup/restore.ts"),
  send: () => import("./send.ts"),
  settings: () => import("./settings.ts"),
  watch: () => import("./watch/command.ts"),
};

async function main(words: readonly string[]): Promise<number> {
  const [name = "", ...rest] = words;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    throw new CliError("usage", `usage: main.js COMMAND …; the commands are ${Object.keys(COMMANDS).join(", ")}`);
  }
  return (await load()).run(rest, { interrupted });
}

let interruption: AbortController | undefined;

function interrupted(): AbortSignal {
  if (interruption === undefined) {
    const controller = new AbortController();
    // As many programs as a command has running at once listen: Node would take more than ten for a leak, and say so.
    setMaxListeners(0, controller.signal);
    const onSignal = (): void => {
      controller.abort();
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    interruption = controller;
  }
  return interruption.signal;
}

function statusOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.config;
  return error instanceof CliError && error.code === "usage" ? 2 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof CliError || error instanceof ConfigError;
  process.stderr.write(`${known ? error.message : describeError(error)}\n`);
  process.exitCode = statusOf(error);
}
