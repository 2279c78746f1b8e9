/** `--check`: asks the broker that runs here whether it is ready, as Docker's health check does every few seconds. */
import { connect, isIPv6 } from "node:net";
import { describeError } from "../core/errors.ts";
import type { BrokerConfig } from "./config.ts";

export interface Finding {
  readonly healthy: boolean;
  /** One line. */
  readonly text: string;
}

const ASK_MS = 4_000;
const MAX_CHARS = 64 * 1024;

/** Healthy is what answers 200, which `/readyz` does without a GitHub App too. */
export async function check({ host, port }: Pick<BrokerConfig, "host" | "port">): Promise<Finding> {
  try {
    const { status, body } = await ask(host, port);
    return { healthy: status === "200", text: `the broker answers ${status}${details(body)}` };
  } catch (error) {
    return { healthy: false, text: `the broker on port ${port} does not answer: ${describeError(error)}` };
  }
}

/** By hand, since a health check is made every few seconds and Node's HTTP alone costs it as much as all the rest. */
function ask(host: string, port: number): Promise<{ status: string; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let answer = "";
    socket.setTimeout(ASK_MS, () => socket.destroy(new Error(`no answer within ${ASK_MS} ms`)));
    socket.setEncoding("utf8").on("data", (piece: string) => {
      if (answer.length < MAX_CHARS) answer += piece;
    });
    socket.once("error", reject);
    socket.once("end", () => {
      const [, status = "nothing of HTTP", body = ""] = /^HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
      resolve({ status, body });
    });
    socket.write(`GET /readyz HTTP/1.1\r\nHost: ${isIPv6(host) ? `[${host}]` : host}\r\nConnection: close\r\n\r\n`);
  });
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
