import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

export const SECRET = "0123456789abcdef0123456789abcdef-a+b/c=";
export const TOKEN = "ghs_1_eyJh.bGci-Oi_J.SUzI1NiIsInR5cCI6IkpXVCJ9";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

export interface Told {
  readonly status: number;
  readonly body: string;
}

/** An answer of the broker's that is a refusal. */
export function denial(status: number, message: string): Told {
  return { status, body: JSON.stringify({ error: "policy_denied", message, request_id: "r1", details: {} }) };
}

export const gitAnswer: Told = {
  status: 200,
  body: `username=x-access-token\npassword=${TOKEN}\npassword_expiry_utc=4102444800\n`,
};
export const tokenAnswer: Told = {
  status: 200,
  body: JSON.stringify({ token: TOKEN, expires_at: "2100-01-01T00:00:00Z", owner: "acme", repositories: ["token"] }),
};

/** The broker's side of the wire alone: keeps what came, and answers as told, the last answer again and again. */
export class BrokerStandIn {
  readonly seen: Seen[] = [];
  answers: Told[] = [];
  readonly #server: Server = createServer((request, response) => {
    void (async () => {
      const { method = "", url: path = "", headers } = request;
      const [authorization, type] = [headers.authorization, headers["content-type"]];
      this.seen.push({ method, path, authorization, type, body: await text(request) });
      const told = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
      response.writeHead(told?.status ?? 204).end(told?.body);
    })();
  });

  static async start(t: TestContext, ...answers: Told[]): Promise<BrokerStandIn> {
    const broker = new BrokerStandIn();
    broker.answers = answers;
    await new Promise<void>((resolve) => {
      broker.#server.listen(0, "127.0.0.1", resolve);
    });
    t.after(() => {
      broker.#server.close();
      broker.#server.closeAllConnections();
    });
    return broker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What an agent's environment says of the broker. */
  get env(): Record<string, string> {
    return { CREDENTIAL_BROKER_URL: this.url, BROKER_SECRET: SECRET };
  }
}
