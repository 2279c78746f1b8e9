import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { check } from "../../src/broker/check.ts";

/** Answers every request so; resolves with its port. */
async function answering(t: TestContext, status: number, body: string): Promise<number> {
  const server = createServer((request, response) => {
    const length = { "content-length": Buffer.byteLength(body) };
    response.writeHead(request.url === "/readyz" ? status : 404, length).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("a broker that answers 200 is well, with an App or without, and told in its own words", async (t) => {
  const port = await answering(t, 200, JSON.stringify({ status: "not_configured", problems: ["no id", "no key"] }));
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    const text = "the broker answers 200, not_configured; no id; no key";
    assert.deepEqual(await check({ host, port }), { healthy: true, text });
  }
});

test("a broker that answers anything else is ill", async (t) => {
  const port = await answering(t, 503, JSON.stringify({ status: "failed", problems: ["bad key"] }));
  const finding = await check({ host: "127.0.0.1", port });
  assert.deepEqual(finding, { healthy: false, text: "the broker answers 503, failed; bad key" });
  const other = await check({ host: "127.0.0.1", port: await answering(t, 500, "<html>") });
  assert.deepEqual(other, { healthy: false, text: "the broker answers 500" });
});

test("a port on which nobody listens is ill", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, "close");
  const { healthy, text } = await check({ host: "127.0.0.1", port });
  assert.equal(healthy, false);
  assert.match(text, /does not answer: .*ECONNREFUSED/);
});
