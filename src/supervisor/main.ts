/**
 * The bot: supervisor and its workers. Composition root; `--check` looks at the bot that runs and ends. The program itself
 * is loaded when it is to run: a health check every few seconds must cost little.
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCommonConfig, readQueueConfig, readTelegramConfig } from "../core/config.ts";
import { systemClock } from "../core/clock.ts";
import { ConfigError, EXIT, describeError, errorCode } from "../core/errors.ts";
import { loadEnvironment, type Environment } from "../core/secrets.ts";
import { check } from "./check.ts";
import { onStopSignals } from "./signals.ts";

const USAGE = 2;

/** What the bot makes is for its owner and its group, which the dashboard is in and agents are not. */
const UMASK = 0o027;

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0) return run();
  if (words.length === 2 && words[0] === "--sweep") return sweepHere(words[1] ?? "");
  if (words.length > 1 || words[0] !== "--check") {
    process.stderr.write("usage: npm start [-- --check]\n");
    return USAGE;
  }
  const { dir } = readCommonConfig(loadEnvironment());
  const { healthy, text } = await check(dir, systemClock.now());
  process.stdout.write(`${text}\n`);
  return healthy ? EXIT.ok : 1;
}

/** Not for people: the bot has this done under the agents' user. */
async function sweepHere(mark: string): Promise<number> {
  const { sweep } = await import("./sweep.ts");
  await sweep(mark, { clock: systemClock, runAs: undefined, helper: "" });
  return EXIT.ok;
}

async function run(): Promise<number> {
  let stop = (): void => undefined;
  let asked = false;
  // Before all else: as process 1 of a container, a signal that nobody listens to is lost.
  const unlisten = onStopSignals({
    onStop: () => {
      asked = true;
      stop();
    },
    onForce: () => process.exit(EXIT.ok),
  });
  process.umask(UMASK);
  const environment = loadEnvironment();
  const { dir, logLevel } = readCommonConfig(environment);
  const { secrets, runAs } = checkWorkers(environment);
  const [
    { markOf },
    { openLog },
    { prepareQueue },
    { readVersion },
    { AgentHost },
    { holdDirectory },
    { MANIFEST },
    { Supervisor },
    { sweep },
    { startWatchdog },
  ] = await Promise.all([
    import("../core/agent-marker.ts"),
    import("../core/log.ts"),
    import("../core/queue/file-queue.ts"),
    import("../core/version.ts"),
    import("./agent-host.ts"),
    import("./instance-lock.ts"),
    import("./manifest.ts"),
    import("./supervisor.ts"),
    import("./sweep.ts"),
    import("./watchdog.ts"),
  ]);
  await mkdir(join(dir, "status"), { recursive: true });
  const instance = randomUUID();
  const lock = await holdDirectory(dir, { pid: process.pid, instance }, systemClock.now());
  const endWatchdog = startWatchdog(systemClock);
  // Whatever ends this: a watchdog left behind would keep alive a bot that does nothing.
  try {
    const log = await openLog({ dir: join(dir, "logs"), source: "supervisor", level: logLevel, secrets, stdout: true });
    const sweeping = { clock: systemClock, runAs, helper: fileURLToPath(import.meta.url) };
    // An agent outlives a bot that was killed, and may be at work still.
    await sweep(markOf(lock.directory), sweeping);
    const agents = new AgentHost({
      clock: systemClock,
      log: log.logger,
      runAs,
      mark: markOf(lock.directory, instance),
      sweep: (mark) => sweep(mark, sweeping),
    });
    const supervisor = new Supervisor({
      agents,
      dir,
      instance,
      network: lock.network,
      version: await readVersion(),
      environment,
      manifest: MANIFEST,
      sequence: await prepareQueue(join(dir, "queue")),
      clock: systemClock,
      log: log.logger,
      random: Math.random,
      abort(reason) {
        writeSync(2, `${reason}: the bot ends itself\n`);
        process.kill(process.pid, "SIGKILL");
      },
    });
    stop = () => {
      log.logger.info({}, "asked to stop");
      void supervisor.stop();
    };
    const status = asked ? EXIT.ok : await supervisor.run();
    log.close();
    return status;
  } finally {
    unlisten();
    await endWatchdog();
    await lock.release();
  }
}

/** A variable that a worker would refuse ends the start here, before anything runs. */
function checkWorkers(environment: Environment) {
  const { token } = readTelegramConfig(environment);
  const { agentSecrets, runAs } = readQueueConfig(environment);
  return { secrets: [token, ...agentSecrets], runAs };
}

function explain(error: unknown): { readonly message: string; readonly status: number } {
  const { message } = error as Error;
  if (error instanceof ConfigError) return { message, status: EXIT.config };
  if (errorCode(error) === "directory_held") return { message, status: EXIT.tryLater };
  return { message: `The bot ended on a fault: ${describeError(error)}`, status: EXIT.gaveUp };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, status } = explain(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = status;
}
