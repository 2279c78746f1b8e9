import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { eventually } from "../../support/eventually.ts";

export interface SseEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface SseClient {
  readonly response: IncomingMessage;
  readonly events: readonly SseEvent[];
  /** Resolves with how it ended. */
  readonly ended: Promise<"end" | "cut">;
  received(count: number): Promise<readonly SseEvent[]>;
}

/** A stream of server-sent events, once its head is there. */
export async function openSse(
  t: TestContext,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SseClient> {
  // An agent of its own: no other request waits for this connection.
  const request = get(url, { headers, agent: false });
  t.after(() => request.destroy());
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const events: SseEvent[] = [];
  let rest = "";
  response.setEncoding("utf8").on("data", (piece: string) => {
    const blocks = `${rest}${piece}`.split("\n\n");
    rest = blocks.pop() ?? "";
    events.push(...blocks.flatMap((block) => parse(block) ?? []));
  });
  const ended = new Promise<"end" | "cut">((resolve) => {
    response.on("end", () => resolve("end"));
    response.on("close", () => resolve("cut"));
    response.on("error", () => resolve("cut"));
  });
  return {
    response,
    events,
    ended,
    received: (count) => eventually(`${count} events of ${url}`, () => (events.length >= count ? events : undefined)),
  };
}

function parse(block: string): SseEvent | undefined {
  const fields = new Map(block.split("\n").map((line) => [line.split(": ", 1)[0], line.slice(line.indexOf(": ") + 2)]));
  const data = fields.get("data");
  if (data === undefined) return undefined;
  return {
    event: fields.get("event") ?? "message",
    id: fields.get("id"),
    data: JSON.parse(data) as Record<string, unknown>,
  };
}
