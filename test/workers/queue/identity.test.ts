import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { CommitIdentity } from "../../../src/workers/queue/identity.ts";
import { memoryLog } from "../../support/memory-log.ts";

const app = { name: "claw[bot]", email: "7+claw[bot]@users.noreply.github.com" };
const variables = {
  GIT_AUTHOR_NAME: app.name,
  GIT_AUTHOR_EMAIL: app.email,
  GIT_COMMITTER_NAME: app.name,
  GIT_COMMITTER_EMAIL: app.email,
};

async function brokerThat(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Pauses are over at once, so that what is asked again is asked now. */
function identityOf(t: TestContext, brokerUrl: string | undefined, pause = 0): CommitIdentity {
  const after = (ms: number, task: () => void) => systemClock.after(ms >= 30_000 ? pause : ms, task);
  const clock = { ...systemClock, after };
  const identity = new CommitIdentity({ brokerUrl, clock, log: memoryLog().log });
  t.after(() => {
    identity.stop();
  });
  return identity;
}

test("agents commit under the name and address that the broker gives for the App", async (t) => {
  const url = await brokerThat(t, (request, response) => {
    assert.equal(request.url, "/readyz");
    response.end(JSON.stringify({ status: "ok", app }));
  });
  const identity = identityOf(t, url);
  await identity.start();
  assert.deepEqual(identity.variables, variables);
});

test("a broker that does not know yet is asked again until it does", async (t) => {
  let asked = 0;
  let told = (): void => undefined;
  const known = new Promise<void>((resolve) => {
    told = resolve;
  });
  const url = await brokerThat(t, (_request, response) => {
    asked += 1;
    response.end(JSON.stringify({ status: "not_configured", app: asked < 3 ? null : app }));
    if (asked === 3) told();
  });
  const identity = identityOf(t, url);
  await identity.start();
  assert.deepEqual(identity.variables, {});
  await known;
  while (Object.keys(identity.variables).length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(identity.variables, variables);
});

test("a broker that is away, slow or no broker at all leaves the variables as they are and holds nothing up", async (t) => {
  const answers: RequestListener[] = [
    (_request, response) => response.end("<html>"),
    (_request, response) => response.end(JSON.stringify({ app: { name: 5 } })),
    (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
    () => undefined,
  ];
  const urls = await Promise.all(answers.map((answer) => brokerThat(t, answer)));
  for (const url of [...urls, "http://127.0.0.1:9", undefined]) {
    const identity = identityOf(t, url, 60_000);
    const before = performance.now();
    await identity.start();
    assert.deepEqual(identity.variables, {});
    assert.ok(performance.now() - before < 3_000, `${url} held the start up`);
    identity.stop();
  }
});
