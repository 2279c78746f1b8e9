/** `--check`: asks the dashboard that runs here whether it is ready, as Docker's health check does every few seconds. */
import { connect } from "node:net";
import { describeError } from "../core/errors.ts";
import type { DashboardConfig } from "./config.ts";

export interface Finding {
  readonly healthy: boolean;
  /** One line. */
  readonly text: string;
}

const ASK_MS = 4_000;
const MAX_CHARS = 64 * 1024;

/** Healthy is what answers 200, bot or none: the dashboard is there to show a bot that is ill. */
export async function check(config: Pick<DashboardConfig, "host" | "port" | "allowedHosts">): Promise<Finding> {
  const { host, port, allowedHosts } = config;
  try {
    // By one of the names that it answers to, which need not be that of the address.
    const status = await ask(host, port, allowedHosts[0] ?? "localhost");
    return { healthy: status === "200", text: `the dashboard answers ${status}` };
  } catch (error) {
    return { healthy: false, text: `the dashboard on port ${port} does not answer: ${describeError(error)}` };
  }
}

/** By hand, since a health check is made every few seconds and Node's HTTP alone costs it as much as all the rest. */
function ask(host: string, port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let answer = "";
    socket.setTimeout(ASK_MS, () => socket.destroy(new Error(`no answer within ${ASK_MS} ms`)));
    socket.setEncoding("utf8").on("data", (piece: string) => {
      if (answer.length < MAX_CHARS) answer += piece;
    });
    socket.once("error", reject);
    socket.once("end", () => {
      const [, status = "nothing of HTTP"] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
      resolve(status);
    });
    socket.write(`GET /readyz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  });
}
