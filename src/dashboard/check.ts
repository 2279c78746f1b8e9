/** `--check`: asks the dashboard that runs here whether it is ready, as Docker's health check does every few seconds. */
import { askReadiness, type Finding } from "../core/readiness.ts";
import type { DashboardConfig } from "./config.ts";

/** Healthy is what answers 200, bot or none: the dashboard is there to show a bot that is ill. */
export function check(config: Pick<DashboardConfig, "host" | "port" | "allowedHosts">): Promise<Finding> {
  const { host, port, allowedHosts } = config;
  // By one of the names that it answers to, which need not be that of the address.
  return askReadiness({ program: "the dashboard", host, port, name: allowedHosts[0] ?? "localhost" });
}
