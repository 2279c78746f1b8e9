import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pageModule } from "./page-module.ts";

interface Connection {
  start(): void;
  subscribe(what: object, listener: object): () => void;
}
const { Connection } = await pageModule<{ Connection: new () => Connection }>("connection.js");

/** What the page's connection uses of a browser; `say` is the server. */
function open(t: TestContext): {
  connection: Connection;
  say: (frame: object) => void;
  sent: Record<string, unknown>[];
} {
  const sent: Record<string, unknown>[] = [];
  const sockets: Socket[] = [];
  class Socket {
    static OPEN = 1;
    readyState = 1;
    onopen?: () => void;
    onclose?: (event: object) => void;
    onmessage?: (event: { data: string }) => void;
    constructor() {
      sockets.push(this);
    }
    send(text: string): void {
      sent.push(JSON.parse(text) as Record<string, unknown>);
    }
  }
  const stub = (name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() =>
      before === undefined ? Reflect.deleteProperty(globalThis, name) : Object.defineProperty(globalThis, name, before),
    );
  };
  stub("WebSocket", Socket);
  stub("location", { protocol: "http:", host: "there" });
  stub("document", new EventTarget());
  stub("addEventListener", () => undefined);
  stub("window", { setInterval: () => 1, setTimeout: () => 1 });
  const connection = new Connection();
  connection.start();
  sockets[0]?.onopen?.();
  return { connection, sent, say: (frame) => sockets[0]?.onmessage?.({ data: JSON.stringify(frame) }) };
}

test("a subscription goes on after an error that does not close it, and is over after one that does", (t) => {
  const { connection, say, sent } = open(t);
  const told: unknown[] = [];
  const end = connection.subscribe(
    { topic: "messages" },
    {
      onRows: (rows: object[]) => told.push(rows.length),
      onError: (message: string, code: string) => told.push([message, code]),
    },
  );
  const id = sent.at(-1)?.["id"];
  say({ type: "error", code: "bad_request", message: "about no id" });
  say({ type: "error", id, code: "bad_cursor", message: "an ack" });
  say({ type: "rows", id, first: "a", last: "b", rows: [{ cursor: "a" }, { cursor: "b" }] });
  assert.deepEqual(told, [2]);
  say({ type: "error", id, code: "bad_filter", message: "refused", closed: true });
  say({ type: "rows", id, first: "c", last: "c", rows: [{ cursor: "c" }] });
  assert.deepEqual(told, [2, ["refused", "bad_filter"]]);
  end();
  assert.equal(sent.at(-1)?.["type"], "subscribe", "what is over is not ended once more");
});
