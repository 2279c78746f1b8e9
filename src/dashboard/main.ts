/**
 * The dashboard. Composition root; `--check` looks at the dashboard that runs and ends. The program itself is loaded when
 * it is to run: a health check every few seconds must cost little.
 */
import { setFlagsFromString } from "node:v8";
import type { pino } from "pino";
import { systemClock } from "../core/clock.ts";
import { ConfigError, EXIT, describeError } from "../core/errors.ts";
import { createScrubber, loadEnvironment } from "../core/secrets.ts";
import { readVersion } from "../core/version.ts";
import { check } from "./check.ts";
import { readDashboardConfig } from "./config.ts";
import type { DashboardConfig } from "./config.ts";
import { DashboardError } from "./errors.ts";

const USAGE = 2;

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0) return run();
  if (words.length > 1 || words[0] !== "--check") {
    process.stderr.write("usage: npm run dashboard [-- --check]\n");
    return USAGE;
  }
  const { healthy, text } = await check(readDashboardConfig(loadEnvironment()));
  process.stdout.write(`${text}\n`);
  return healthy ? EXIT.ok : 1;
}

async function run(): Promise<number> {
  // Of itself V8 lets the heap grow to four times what is in use before it looks for garbage: half as much again
  // resident while 50 000 rows a second pass through, and no faster. It reads this at each collection.
  setFlagsFromString("--heap-growing-percent=60");
  const config = readDashboardConfig(loadEnvironment());
  const log = await logOf(config);
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ error: describeError(error) }, "the dashboard ended on a fault");
      process.exit(EXIT.gaveUp);
    });
  }
  const asked = new Promise<void>((resolve) => {
    let isAsked = false;
    const onSignal = (): void => {
      if (isAsked) process.exit(EXIT.ok);
      isAsked = true;
      resolve();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
  warn(config, log);
  const { Dashboard } = await import("./dashboard.ts");
  const starting = Dashboard.start({ config, version: await readVersion(), clock: systemClock, log });
  const dashboard = await Promise.race([starting, asked]);
  // Nobody is connected yet, and whoever is slow to answer, as Access may be, is not waited for.
  if (dashboard === undefined) process.exit(EXIT.ok);
  // The young part has grown to 4 MiB while the program was loaded, and stays so: as rows pass through it would grow to
  // 16, which takes 26 MiB more resident to be a tenth faster.
  setFlagsFromString("--semi-space-growth-factor=1");
  log.info({ host: config.host, port: dashboard.port, dir: config.dir }, "listening");
  await asked;
  log.info({}, "asked to stop");
  await dashboard.stop();
  return EXIT.ok;
}

/** To standard output alone: the dashboard writes no file. */
async function logOf({ logLevel, token }: DashboardConfig): Promise<pino.Logger> {
  const { pino } = await import("pino");
  const streamWrite = createScrubber(token === undefined ? [] : [token]);
  return pino({ base: { source: "dashboard" }, level: logLevel, hooks: { streamWrite } });
}

function warn({ host, access, token }: DashboardConfig, log: pino.Logger): void {
  const isNear = ["127.0.0.1", "localhost", "::1"].includes(host);
  if (access === undefined && token !== undefined) {
    log.warn({}, "DASHBOARD_TOKEN protects nothing without CF_ACCESS_TEAM_DOMAIN: nobody is asked for it");
  }
  if (access === undefined && !isNear) {
    log.warn(
      { host },
      "whoever reaches this address sees everything: publish it on loopback alone, or set CF_ACCESS_*",
    );
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isConfig = error instanceof ConfigError || (error instanceof DashboardError && error.code === "listen_failed");
  const message = isConfig ? error.message : `The dashboard ended on a fault: ${describeError(error)}`;
  process.stderr.write(`${message}\n`);
  process.exitCode = isConfig ? EXIT.config : EXIT.gaveUp;
}
