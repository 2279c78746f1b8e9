import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { getText } from "../../src/core/node-http.ts";

const run = promisify(execFile);

/** Which of Node's own modules a process has loaded once it has imported one of ours. */
const LOADED = 'await import(process.argv[1]); console.log(process.moduleLoadList.join("\\n"))';

for (const path of [
  "broker/server",
  "broker/github-call",
  "dashboard/server",
  "supervisor/supervisor",
  "workers/telegram/service",
  "workers/queue/service",
]) {
  test(`${path} does not load fetch`, async () => {
    const module = new URL(`../../src/${path}.js`, import.meta.url);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", LOADED, module.href]);
    assert.match(stdout, /NativeModule fs/);
    assert.doesNotMatch(stdout, /undici/);
  });
}

async function serve(t: TestContext, onRequest: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(onRequest);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const never = new AbortController().signal;

test("the body of an answer is had whatever its status, and in whatever pieces", async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(503);
    response.write(Buffer.from("é").subarray(0, 1));
    setImmediate(() => response.end(Buffer.from("é!").subarray(1)));
  });
  assert.equal(await getText(url, never), "é!");
});

test("an answer without end is given up", async (t) => {
  const url = await serve(t, (_request, response) => {
    const more = (): boolean => response.write("x".repeat(16_384), () => response.destroyed || more());
    more();
  });
  await assert.rejects(getText(url, never), /over 65536 characters/);
});

test("one that does not come ends with the signal, and nobody to ask with the system's word", async (t) => {
  const url = await serve(t, () => undefined);
  await assert.rejects(getText(url, AbortSignal.timeout(50)), { name: /AbortError|TimeoutError/ });
  await assert.rejects(getText("http://127.0.0.1:1", never), { code: "ECONNREFUSED" });
});

test("an answer that breaks off is no answer", { timeout: 10_000 }, async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  await assert.rejects(getText(url, never), { code: "ECONNRESET" });
});
