import assert from "node:assert/strict";
import { once } from "node:events";
import { get, request as ask } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Connection } from "../../src/dashboard/connection.ts";
import { text } from "../../src/dashboard/http.ts";
import type { Answer, Request, Sink } from "../../src/dashboard/http.ts";
import { allowLargeHeaders } from "../../src/dashboard/config.ts";
import { listen } from "../../src/dashboard/server.ts";
import type { Server, ServerOptions } from "../../src/dashboard/server.ts";
import { eventually } from "../support/eventually.ts";
import { memoryLog } from "../support/memory-log.ts";

allowLargeHeaders();

async function open(t: TestContext, options: Partial<ServerOptions>): Promise<{ server: Server; url: string }> {
  const server = await listen({
    host: "127.0.0.1",
    port: 0,
    answer: () => Promise.resolve(text("hello", "text/plain")),
    upgrade: () => ({ status: "refused", answer: text("no", "text/plain", {}, 403) }),
    headers: { "x-content-type-options": "nosniff" },
    log: memoryLog().log,
    ...options,
  });
  t.after(() => server.stop());
  return { server, url: `http://127.0.0.1:${server.port}` };
}

const stream = (run: (sink: Sink) => Promise<void>): (() => Promise<Answer>) => {
  return () => Promise.resolve({ kind: "stream", headers: { "content-type": "text/plain" }, run });
};

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function body(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

test("a request arrives with method, path, query and headers, and the answer with its own", async (t) => {
  const seen: Request[] = [];
  const { url } = await open(t, {
    answer(request) {
      seen.push(request);
      return Promise.resolve(text("größe", "text/plain; charset=utf-8", { etag: '"1"' }, 418));
    },
  });
  const response = await fetch(`${url}/a%2Fb/..%2f?x=1&x=2&y=%C3%A4`, { headers: { "X-Mine": "yes" } });
  assert.equal(response.status, 418);
  assert.equal(response.headers.get("etag"), '"1"');
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(await response.text(), "größe");
  const [request] = seen;
  assert.equal(request?.method, "GET");
  assert.equal(request.path, "/a%2Fb/..%2f");
  assert.deepEqual(request.query.getAll("x"), ["1", "2"]);
  assert.equal(request.query.get("y"), "ä");
  assert.equal(request.headers.get("x-mine"), "yes");
});

test("HEAD gets the headers and the length of the body without it", async (t) => {
  const { url } = await open(t, { answer: () => Promise.resolve(text("größe", "text/plain")) });
  const response = await fetch(url, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), "7");
  assert.equal(await response.text(), "");
});

test("HEAD of a stream starts none", async (t) => {
  let isRun = false;
  const { url } = await open(t, {
    answer: stream(() => {
      isRun = true;
      return Promise.resolve();
    }),
  });
  const response = await fetch(url, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
  assert.equal(isRun, false);
});

test("304 has no body", async (t) => {
  const { url } = await open(t, { answer: () => Promise.resolve(text("", "text/plain", { etag: '"1"' }, 304)) });
  const response = await fetch(url);
  assert.equal(response.status, 304);
  assert.equal(response.headers.get("etag"), '"1"');
});

test("a request with a body is answered, whatever the body", async (t) => {
  const { url } = await open(t, {});
  const response = await fetch(url, { method: "POST", body: "x".repeat(200_000) });
  assert.equal(await response.text(), "hello");
});

test("headers of 20 KiB are read: an Access JWT comes twice", async (t) => {
  const { url } = await open(t, {
    answer: (request) => Promise.resolve(text(String(request.headers.get("x-long")?.length), "text/plain")),
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { "x-long": "x".repeat(20_000) } }, resolve).on("error", reject);
  });
  assert.equal(await body(response), "20000");
});

test("an answer that rejects cuts the connection and goes to the log, and the server goes on", async (t) => {
  const { log, lines } = memoryLog();
  const { url } = await open(t, {
    log,
    answer: (request) =>
      request.path === "/bad" ? Promise.reject(new Error("fault")) : Promise.resolve(text("fine", "text/plain")),
  });
  await assert.rejects(fetch(`${url}/bad`));
  assert.equal(lines[0]?.level, "error");
  assert.equal(await (await fetch(`${url}/good`)).text(), "fine");
});

test("a stream that rejects is cut off, not ended as if it were whole", async (t) => {
  const { url } = await open(t, {
    answer: stream(async (sink) => {
      await sink.write("half");
      throw new Error("fault");
    }),
  });
  await assert.rejects(fetch(url).then((response) => response.text()));
});

test("a client that has left ends its stream: the signal aborts, and writing rejects", async (t) => {
  const ended = deferred<string>();
  const { url } = await open(t, {
    answer: stream(async (sink) => {
      await sink.write("first");
      await new Promise((resolve) => {
        sink.signal.addEventListener("abort", resolve);
      });
      await sink.write("second").catch((error: unknown) => ended.resolve((error as { code: string }).code));
    }),
  });
  const client = get(url);
  const [response] = (await once(client, "response")) as [IncomingMessage];
  await once(response, "data");
  client.destroy();
  assert.equal(await ended.promise, "client_gone");
});

test("a client that leaves before it is answered is answered nothing, and nothing breaks", async (t) => {
  const answered = deferred<Answer>();
  const asked = deferred<void>();
  const { url } = await open(t, {
    answer(request) {
      if (request.path !== "/late") return Promise.resolve(text("fine", "text/plain"));
      asked.resolve();
      return answered.promise;
    },
  });
  const client = get(`${url}/late`).on("error", () => undefined);
  await asked.promise;
  client.destroy();
  await pause(50);
  answered.resolve(text("too late", "text/plain"));
  assert.equal(await (await fetch(url)).text(), "fine");
});

test("a stream waits for a client that does not read, and goes on when it does", async (t) => {
  let written = 0;
  const piece = "x".repeat(64 * 1024);
  const { url } = await open(t, {
    answer: stream(async (sink) => {
      for (; written < 400; written += 1) await sink.write(piece);
    }),
  });
  const client = ask(url);
  client.end();
  const [response] = (await once(client, "response")) as [IncomingMessage];
  response.pause();
  let before = -1;
  await eventually("the stream to stand still", async () => {
    before = written;
    await pause(200);
    return written === before ? true : undefined;
  });
  assert.ok(written < 400, "the kernel's buffers do not hold 25 MiB");
  assert.equal((await body(response)).length, 400 * piece.length);
});

test("a stream is told when the server stops, has a last word, and ends whole", async (t) => {
  const { server, url } = await open(t, {
    answer: stream(async (sink) => {
      await sink.write("first,");
      await new Promise((resolve) => {
        sink.signal.addEventListener("abort", resolve);
      });
      await sink.write((sink.signal.reason as { code: string }).code);
    }),
  });
  const response = await fetch(url);
  const started = performance.now();
  const stopped = server.stop(30_000);
  assert.equal(await response.text(), "first,server_stopping");
  await stopped;
  assert.ok(performance.now() - started < 20_000);
  await assert.rejects(fetch(url));
});

test("a stream that does not end when told is cut off", async (t) => {
  const { server, url } = await open(t, {
    answer: stream(async (sink) => sink.write("x").then(() => new Promise(() => undefined))),
  });
  const response = await fetch(url);
  await server.stop(50);
  await assert.rejects(response.text());
});

test("an empty piece does not end a stream", async (t) => {
  const { url } = await open(t, {
    answer: stream(async (sink) => {
      for (const piece of ["", "a", "", "b", ""]) await sink.write(piece);
    }),
  });
  assert.equal(await (await fetch(url)).text(), "ab");
});

test("a port that is taken is refused with its address", async (t) => {
  const { server } = await open(t, {});
  await assert.rejects(open(t, { port: server.port }), { code: "listen_failed" });
});

function echo(connections: Connection[] = []): ServerOptions["upgrade"] {
  return () => ({
    status: "open",
    peer(connection) {
      connections.push(connection);
      connection.send("welcome");
      return {
        onMessage: (message) => {
          connection.send(message);
        },
        onDrain: () => undefined,
        onClose: () => undefined,
      };
    },
  });
}

async function opened(url: string): Promise<{ socket: WebSocket; received: string[] }> {
  const socket = new WebSocket(url.replace("http", "ws") + "/ws", "tinyclaw.v1");
  const received: string[] = [];
  socket.on("message", (data: Buffer) => received.push(data.toString("utf8")));
  await once(socket, "open");
  return { socket, received };
}

test("a WebSocket is greeted, heard and answered", async (t) => {
  const { url, server } = await open(t, { upgrade: echo() });
  const { socket, received } = await opened(url);
  assert.equal(socket.protocol, "tinyclaw.v1");
  socket.send("größe");
  await eventually("the echo", () => received[1]);
  assert.deepEqual(received, ["welcome", "größe"]);
  assert.equal(server.sockets(), 1);
  socket.close();
  await eventually("the end", () => (server.sockets() === 0 ? true : undefined));
});

test("an upgrade that is refused is answered over HTTP", async (t) => {
  const { url } = await open(t, {});
  const socket = new WebSocket(url.replace("http", "ws") + "/ws");
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  assert.equal(response.statusCode, 403);
  assert.equal(await body(response), "no");
});

test("a request for /ws that is no upgrade is answered like any other", async (t) => {
  const { url } = await open(t, { upgrade: echo() });
  assert.equal(await (await fetch(`${url}/ws`)).text(), "hello");
});

for (const [what, frame, code] of [
  ["a binary frame", Buffer.from([1, 2, 3]), 1003],
  ["a frame over 16 KiB", "x".repeat(17_000), 1006],
] as const) {
  test(`${what} closes the WebSocket, and the server goes on`, async (t) => {
    const { url } = await open(t, { upgrade: echo() });
    const { socket } = await opened(url);
    socket.on("error", () => undefined);
    socket.send(frame);
    const [closed] = (await once(socket, "close")) as [number];
    assert.ok(closed === code || closed === 1009, String(closed));
    assert.equal((await fetch(url)).status, 200);
  });
}

test("what is published reaches those who follow, until they do not", async (t) => {
  const connections: Connection[] = [];
  const { url, server } = await open(t, { upgrade: echo(connections) });
  const { received } = await opened(url);
  const [connection] = connections;
  server.publish("metrics", "1");
  connection?.follow("metrics");
  server.publish("metrics", "2");
  connection?.unfollow("metrics");
  server.publish("metrics", "3");
  connection?.send("end");
  await eventually("the end", () => received.includes("end") || undefined);
  assert.deepEqual(received, ["welcome", "2", "end"]);
});

test("a client that does not read is cut off at the limit, and costs no more memory than that", async (t) => {
  const connections: Connection[] = [];
  const { url, server } = await open(t, { upgrade: echo(connections) });
  const { socket } = await opened(url);
  (socket as unknown as { _socket: Socket })._socket.pause();
  const [connection] = connections;
  const frame = "x".repeat(64 * 1024);
  const outcomes = new Set<string>();
  await eventually("the cut", () => {
    for (let n = 0; n < 100; n += 1) outcomes.add(connection?.send(frame) ?? "");
    assert.ok((connection?.buffered() ?? 0) <= 1024 * 1024 + frame.length);
    return outcomes.has("dropped") || undefined;
  });
  assert.deepEqual([...outcomes].sort(), ["buffered", "dropped", "sent"]);
  await eventually("the end", () => (server.sockets() === 0 ? true : undefined));
  assert.equal(connection?.send("after the end"), "dropped");
  assert.equal(connection.buffered(), 0);
  connection.close(1000, "");
});

test("stopping tells every WebSocket that the server goes away", async (t) => {
  const { url, server } = await open(t, { upgrade: echo() });
  const { socket } = await opened(url);
  const closed = once(socket, "close") as Promise<[number]>;
  await server.stop();
  assert.equal((await closed)[0], 1001);
});

test("bytes that are no HTTP harm nobody", async (t) => {
  const { url, server } = await open(t, {});
  for (const bytes of ["\0\0\0\0", "GET / HTTP/9.9\r\n\r\n", "GET /" + "x".repeat(100_000), "GET / HTTP/1.1\r\n\r\n"]) {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  }
  assert.equal((await fetch(url)).status, 200);
});
