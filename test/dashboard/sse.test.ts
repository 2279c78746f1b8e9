import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, rename } from "node:fs/promises";
import { createServer, get } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { DashboardError, Refusal } from "../../src/dashboard/errors.ts";
import type { Sink } from "../../src/dashboard/http.ts";
import { sseAnswer } from "../../src/dashboard/sse.ts";
import type { SseOptions } from "../../src/dashboard/sse.ts";
import type { Stream } from "../../src/dashboard/tail/stream.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import { ManualClock } from "./host/manual-clock.ts";
import { lines, started, temporaryFolder } from "./tail/support.ts";

/** What is written, with the reading in the test's hand. */
class Reader implements Sink {
  readonly #leave = new AbortController();
  readonly signal = this.#leave.signal;
  readonly clock = new ManualClock(0);
  written = "";
  stalled = false;
  #resume: (() => void) | undefined;
  done: Promise<void> = Promise.resolve();

  async write(text: string): Promise<void> {
    if (this.signal.aborted && !isStopping(this.signal.reason)) throw this.signal.reason;
    this.written += text;
    if (!this.stalled) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  open(stream: Stream, more: Partial<SseOptions> = {}): this {
    this.done = sseAnswer({ stream, shape: "full", clock: this.clock, ...more }).run(this);
    return this;
  }

  resume(): void {
    this.stalled = false;
    this.#resume?.();
  }

  leave(code: "client_gone" | "server_stopping" = "client_gone"): Promise<void> {
    this.#leave.abort(new DashboardError(code, code));
    return this.done;
  }

  /** Lets things take their course until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      assert.ok(performance.now() < deadline, `it did not come; written: ${this.written.slice(0, 500)}`);
      await turn();
      this.clock.advance(1);
    }
  }

  /** Events as a browser's EventSource understands them, by the rules of the HTML standard. */
  get events(): { id: string; event: string; data: unknown }[] {
    const events: { id: string; event: string; data: unknown }[] = [];
    let id = "";
    for (const block of this.written.split("\n\n").slice(0, -1)) {
      const fields: Record<string, string> = {};
      for (const line of block.split(/\r\n|\r|\n/)) {
        const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        fields[name] = value;
      }
      id = fields["id"] ?? id;
      if (fields["data"] !== undefined) {
        events.push({ id, event: fields["event"] ?? "message", data: JSON.parse(fields["data"]) });
      }
    }
    return events;
  }

  get numbers(): number[] {
    return this.events.map(({ data }) => (data as { n: number }).n);
  }

  /** What an EventSource sends as `Last-Event-ID` when it comes back. */
  get lastId(): string | undefined {
    return [...this.written.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];
  }
}

function isStopping(reason: unknown): boolean {
  return reason instanceof DashboardError && reason.code === "server_stopping";
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function fileWith(t: TestContext, text: string): Promise<{ path: string; stream: Stream }> {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await appendFile(path, text);
  return { path, stream: await started(t, { path, rolled: "jsonl" }) };
}

test("what is new comes, each row with its cursor as id, and nothing keeps it from the client", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 3));
  assert.deepEqual(sseAnswer({ stream, shape: "full", clock: new ManualClock(0) }).headers, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  const reader = new Reader().open(stream);
  assert.match(reader.written, /^retry: 2000\n/);
  await appendFile(path, lines(4, 5));
  await stream.look();
  await reader.until(() => reader.events.length === 2);
  assert.deepEqual(reader.numbers, [4, 5]);
  for (const { id, event, data } of reader.events) {
    assert.deepEqual([event, id], ["message", (data as { cursor: string }).cursor]);
  }
  await reader.leave();
});

test("a client that comes back goes on where it was, even if it had got no row yet", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 2));
  const first = new Reader().open(stream);
  await first.leave();
  await appendFile(path, lines(3, 4));
  await stream.look();
  const second = new Reader().open(stream, { lastEventId: first.lastId });
  await second.until(() => second.events.length === 2);
  await second.leave();
  await appendFile(path, lines(5, 5));
  await stream.look();
  const third = new Reader().open(stream, { lastEventId: second.lastId });
  await third.until(() => third.events.length === 1);
  assert.deepEqual([second.numbers, third.numbers], [[3, 4], [5]]);
  await third.leave();
});

test("an id that is no cursor is refused before anything is sent", async (t) => {
  const { stream } = await fileWith(t, lines(1, 1));
  const open = (lastEventId: string): unknown =>
    sseAnswer({ stream, shape: "full", clock: new ManualClock(0), lastEventId });
  assert.throws(
    () => open("no cursor!"),
    (error) => error instanceof Refusal && error.code === "bad_cursor",
  );
  assert.doesNotThrow(() => open(""));
});

test("a hole is an event of its own, and its id goes on behind it", async (t) => {
  const { stream } = await fileWith(t, lines(1, 2));
  const reader = new Reader().open(stream, { lastEventId: "of.another:program" });
  await reader.until(() => reader.events.length === 3);
  const [gap, ...rows] = reader.events;
  const { to, ...rest } = (gap?.data ?? {}) as { to?: string };
  assert.deepEqual(rest, { from: "of.another:program", bytes: 0, reason: "deleted" });
  assert.deepEqual([gap?.event, gap?.id], ["gap", to]);
  assert.deepEqual(
    rows.map(({ data }) => (data as { n: number }).n),
    [1, 2],
  );
  await reader.leave();
});

test("rows are filtered, and come across a rotation", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 1));
  const reader = new Reader().open(stream, { filter: { q: '"n":1' } });
  await appendFile(path, lines(2, 10));
  await rename(path, path.replace(".jsonl", ".1.jsonl"));
  await appendFile(path, lines(11, 20));
  await stream.look();
  await reader.until(() => reader.events.length >= 10);
  assert.deepEqual(reader.numbers, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  await reader.leave();
});

test("a row cannot end its event early", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 1));
  const reader = new Reader().open(stream);
  await appendFile(path, '{"n":2,\r"b":3}\nraw\rdata: {"n":9}\n');
  await stream.look();
  await reader.until(() => reader.events.length === 2);
  assert.deepEqual(
    reader.events.map(({ data }) => ({ ...(data as object), cursor: "" })),
    [
      { cursor: "", n: 2, b: 3 },
      { cursor: "", raw: 'raw\rdata: {"n":9}' },
    ],
  );
  await reader.leave();
});

test("a comment comes every 15 s, with the place reached where rows were not wanted", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 1));
  const reader = new Reader().open(stream, { filter: { q: "nowhere" } });
  await reader.until(() => reader.written.endsWith(": hb\n\n"));
  assert.ok(reader.clock.monotonic() >= 15_000 && reader.clock.monotonic() < 15_100, `${reader.clock.monotonic()}`);
  const before = reader.lastId;
  await appendFile(path, lines(2, 2));
  await stream.look();
  await reader.until(() => reader.written.split(": hb\n\n").length === 3);
  assert.notEqual(reader.lastId, before);
  assert.equal(reader.lastId, stream.head());
  assert.deepEqual(reader.events, []);
  await reader.leave();
  assert.equal(reader.clock.timers, 0);
});

test("a client that does not read is sent one batch, and the rest when it reads", async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 1));
  const reader = new Reader().open(stream);
  await turn();
  reader.stalled = true;
  await appendFile(path, lines(2, 5001));
  await stream.look();
  await reader.until(() => reader.events.length > 0);
  for (let n = 0; n < 50; n += 1) await turn();
  assert.ok(reader.events.length <= 500, `${reader.events.length}`);
  reader.resume();
  await reader.until(() => reader.events.length === 5000);
  assert.deepEqual(
    reader.numbers,
    Array.from({ length: 5000 }, (_, n) => n + 2),
  );
  await reader.leave();
});

test("the end of the dashboard is told", async (t) => {
  const { stream } = await fileWith(t, lines(1, 1));
  const reader = new Reader().open(stream);
  await turn();
  await reader.leave("server_stopping");
  assert.match(reader.written, /event: end\ndata: \{"reason":"server_stopping"\}\n\n$/);
  const gone = new Reader().open(stream);
  await gone.leave();
  assert.doesNotMatch(gone.written, /event: end/);
});

test("over a real socket a client that is cut gets every row once", { timeout: 60_000 }, async (t) => {
  const { path, stream } = await fileWith(t, lines(1, 1));
  const server: Server = createServer((request, response) => {
    const leave = new AbortController();
    response.on("close", () => leave.abort(new DashboardError("client_gone", "gone")));
    const header = request.headers["last-event-id"];
    const answer = sseAnswer({
      stream,
      shape: "full",
      clock: systemClock,
      lastEventId: typeof header === "string" ? header : undefined,
    });
    response.writeHead(200, answer.headers);
    response.flushHeaders();
    const write = async (text: string): Promise<void> => {
      if (!response.write(text)) await Promise.race([once(response, "drain"), once(response, "close")]);
    };
    void answer.run({ signal: leave.signal, write }).catch(() => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const seen: number[] = [];
  let lastId: string | undefined;
  for (let round = 0; round < 20; round += 1) {
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const request = get({ host: "127.0.0.1", port, headers, agent: false });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await appendFile(path, lines(2 + round * 50, 51 + round * 50));
    await stream.look();
    let text = "";
    const wanted = round < 19 ? 2 + round * 50 : 1001;
    const decoder = new TextDecoder();
    for await (const chunk of response) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (!text.includes("\n\n")) continue;
      const end = text.lastIndexOf("\n\n") + 2;
      for (const block of text.slice(0, end).split("\n\n")) {
        lastId = /^id: (.*)$/m.exec(block)?.[1] ?? lastId;
        const n = /"n":(\d+)/.exec(block)?.[1];
        if (n !== undefined) seen.push(Number(n));
      }
      text = text.slice(end);
      if ((seen.at(-1) ?? 0) >= wanted) break;
    }
    response.destroy();
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 1000 }, (_, n) => n + 2),
  );
});
