import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ask } from "../../../src/cli/setup/ask.ts";

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const signal = new AbortController().signal;

test("an answer comes with its status, its time and its JSON", async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(418, { date: "Thu, 01 Jan 2026 00:00:00 GMT" }).end('{"a":1}');
  });
  assert.deepEqual(await ask({ url, signal }), {
    status: "reply",
    http: 418,
    date: Date.parse("2026-01-01T00:00:00Z"),
    json: { a: 1 },
  });
});

test("nobody is followed elsewhere", async (t) => {
  const asked: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  const reply = await ask({ url: `${url}/here`, signal });
  assert.deepEqual([reply.status === "reply" && reply.http, asked], [302, ["/here"]]);
});

test("who never answers is unreachable, and so is who never ends", { timeout: 30_000 }, async (t) => {
  const silent = await serve(t, () => undefined);
  const endless = await serve(t, (_request, response) => void response.writeHead(200).write("{"));
  for (const url of [silent, endless]) {
    const reply = await ask({ url: `${url}/bot1:secret/getMe`, signal, timeoutMs: 200 });
    assert.equal(reply.status, "unreachable");
    assert.match(
      reply.status === "unreachable" ? reply.reason : "",
      /^127\.0\.0\.1:\d+ cannot be reached \(no answer\)$/,
    );
  }
});

test("a flood is read no further than two megabytes", { timeout: 30_000 }, async (t) => {
  let sent = 0;
  const url = await serve(t, (_request, response) => {
    const part = Buffer.alloc(64 * 1024, "x");
    const more = (): void => {
      while (!response.destroyed && response.write(part)) sent += part.length;
      response.once("drain", more);
    };
    more();
  });
  const reply = await ask({ url, signal, timeoutMs: 20_000 });
  assert.deepEqual([reply.status, reply.status === "reply" && reply.json], ["reply", undefined]);
  assert.ok(sent < 32 * 1024 * 1024);
});

test("when nobody wants to know any more, the reason is thrown", async (t) => {
  const url = await serve(t, () => undefined);
  const controller = new AbortController();
  const asked = ask({ url, signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
});
