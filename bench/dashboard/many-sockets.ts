/**
 * The dashboard as it is, but for the number of WebSockets that it takes. Its environment is that of the dashboard.
 *
 * Arguments: the file, which this one knows from its environment; the number.
 */
import { pino } from "pino";
import { systemClock } from "../../src/core/clock.ts";
import { loadEnvironment } from "../../src/core/secrets.ts";
import { readDashboardConfig } from "../../src/dashboard/config.ts";
import { Dashboard } from "../../src/dashboard/dashboard.ts";
import { announce } from "./announce.ts";

const maxSockets = Number(process.argv[3]);
const config = readDashboardConfig(loadEnvironment());
const log = pino({ level: "warn" });
const dashboard = await Dashboard.start({ config, version: "bench", clock: systemClock, log, maxSockets });
process.once("SIGTERM", () => void dashboard.stop());
announce(dashboard.port);
