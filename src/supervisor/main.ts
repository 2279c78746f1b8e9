/**
 * The bot: supervisor and its workers. Composition root; `--check` looks at the bot that runs and ends. The program itself
 * is loaded when it is to run: a health check every few seconds must cost little.
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { readCommonConfig, readQueueConfig, readTelegramConfig } from "../core/config.ts";
import { systemClock } from "../core/clock.ts";
import { ConfigError, EXIT, describeError, errorCode } from "../core/errors.ts";
import type { OpenLog } from "../core/log.ts";
import { createScrubber, loadEnvironment, type Environment } from "../core/secrets.ts";
import { check } from "./check.ts";
import { onStopSignals, onUncaught } from "./signals.ts";

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
  let log: OpenLog | undefined;
  const unlistenUncaught = onUncaught((error) => {
    log?.logger.error({ err: error }, "nobody caught this: the bot ends itself");
    sayLast(createScrubber(secrets)(`The bot ended on a fault: ${inspect(error)}`));
    // Agents that are left behind are ended by the next start.
    process.exit(EXIT.gaveUp);
  });
  // Whatever ends this: a watchdog left behind would keep alive a bot that does nothing.
  try {
    log = await openLog({ dir: join(dir, "logs"), source: "supervisor", level: logLevel, secrets, stdout: true });
    const { logger } = log;
    const sweeping = { clock: systemClock, runAs, helper: fileURLToPath(import.meta.url) };
    // An agent outlives a bot that was killed, and may be at work still.
    await sweep(markOf(lock.directory), sweeping).catch((error: unknown) => {
      logger.error({ err: error }, `what an earlier run has left could not be looked for: ${describeError(error)}`);
    });
    const agents = new AgentHost({
      clock: systemClock,
      log: logger,
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
      log: logger,
      random: Math.random,
      abort(reason) {
        logger.error({}, `${reason}: the bot ends itself`);
        sayLast(`${reason}: the bot ends itself`);
        process.kill(process.pid, "SIGKILL");
        // A process 1 cannot kill itself.
        process.abort();
      },
    });
    stop = () => {
      logger.info({}, "asked to stop");
      void supervisor.stop();
    };
    const status = asked ? EXIT.ok : await supervisor.run();
    if (supervisor.reason !== undefined) sayLast(createScrubber(secrets)(supervisor.reason));
    return status;
  } catch (error) {
    log?.logger.error({ err: error }, `the bot ends on a fault: ${describeError(error)}`);
    throw error;
  } finally {
    log?.close();
    unlisten();
    unlistenUncaught();
    await endWatchdog();
    await lock.release();
  }
}

/** To standard error, which may take no more. */
function sayLast(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Nobody reads; the log has it.
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
