/** What a program's `--check` finds, and how those that listen are asked. */
import { connect } from "node:net";
import { describeError } from "./errors.ts";

export interface Finding {
  readonly healthy: boolean;
  /** One line. */
  readonly text: string;
}

export interface Listener {
  /** What it is called in the finding: `the broker`. */
  readonly program: string;
  readonly host: string;
  readonly port: number;
  /** Of the `Host` header: a name that it answers to. */
  readonly name: string;
}

const ASK_MS = 4_000;
const MAX_CHARS = 64 * 1024;

/** Asks for `/readyz`: healthy is what answers 200. `words`: what of the body is told behind that. Never rejects. */
export async function askReadiness(listener: Listener, words: (body: string) => string = () => ""): Promise<Finding> {
  const { program, port } = listener;
  try {
    const { status, body } = await ask(listener);
    return { healthy: status === "200", text: `${program} answers ${status}${words(body)}` };
  } catch (error) {
    return { healthy: false, text: `${program} on port ${port} does not answer: ${describeError(error)}` };
  }
}

/** By hand, since a health check is made every few seconds and Node's HTTP alone costs it as much as all the rest. */
function ask({ host, port, name }: Listener): Promise<{ status: string; body: string }> {
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
      const [, body = ""] = /\r\n\r\n([^]*)$/.exec(answer) ?? [];
      resolve({ status, body });
    });
    socket.write(`GET /readyz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  });
}
