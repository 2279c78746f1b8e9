/** The bot: supervisor and its workers. Composition root. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readCommonConfig, readQueueConfig, readTelegramConfig } from "../core/config.ts";
import { systemClock } from "../core/clock.ts";
import { ConfigError, EXIT, describeError } from "../core/errors.ts";
import { openLog } from "../core/log.ts";
import { prepareQueue } from "../core/queue/file-queue.ts";
import { loadEnvironment, type Environment } from "../core/secrets.ts";
import { readVersion } from "../core/version.ts";
import { MANIFEST } from "./manifest.ts";
import { onStopSignals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";

async function main(): Promise<number> {
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
  const environment = loadEnvironment();
  const { dir, logLevel } = readCommonConfig(environment);
  const secrets = checkWorkers(environment);
  await mkdir(join(dir, "status"), { recursive: true });
  const log = await openLog({ dir: join(dir, "logs"), source: "supervisor", level: logLevel, secrets, stdout: true });
  const supervisor = new Supervisor({
    dir,
    version: await readVersion(),
    environment,
    manifest: MANIFEST,
    sequence: await prepareQueue(join(dir, "queue")),
    clock: systemClock,
    log: log.logger,
    random: Math.random,
  });
  stop = () => {
    log.logger.info({}, "asked to stop");
    void supervisor.stop();
  };
  const status = asked ? EXIT.ok : await supervisor.run();
  unlisten();
  log.close();
  return status;
}

/** A variable that a worker would refuse ends the start here, before anything runs. */
function checkWorkers(environment: Environment) {
  const { token } = readTelegramConfig(environment);
  return [token, ...readQueueConfig(environment).agentSecrets];
}

try {
  process.exitCode = await main();
} catch (error) {
  const message = error instanceof ConfigError ? error.message : `The bot ended on a fault: ${describeError(error)}`;
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof ConfigError ? EXIT.config : EXIT.gaveUp;
}
