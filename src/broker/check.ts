/** `--check`: asks the broker that runs here whether it is ready, as Docker's health check does every few seconds. */
import { isIPv6 } from "node:net";
import { askReadiness, type Finding } from "../core/readiness.ts";
import type { BrokerConfig } from "./config.ts";

/** Healthy is what answers 200, which `/readyz` does without a GitHub App too. */
export function check({ host, port }: Pick<BrokerConfig, "host" | "port">): Promise<Finding> {
  return askReadiness({ program: "the broker", host, port, name: isIPv6(host) ? `[${host}]` : host }, details);
}

/** The broker's own words, if it is the broker that answers. */
function details(body: string): string {
  try {
    const { status, problems } = JSON.parse(body) as { status?: unknown; problems?: unknown };
    const told = Array.isArray(problems) ? problems.filter((problem) => typeof problem === "string") : [];
    return typeof status === "string" ? `, ${[status, ...told].join("; ")}` : "";
  } catch {
    return "";
  }
}
