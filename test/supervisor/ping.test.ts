import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Clock } from "../../src/core/clock.ts";
import { Ping } from "../../src/supervisor/ping.ts";
import { eventually } from "../support/eventually.ts";
import { memoryLog } from "../support/memory-log.ts";
import { Stage } from "./stage.ts";

const timeout = 30_000;
/** A minute of the ping's is as long, ms. */
const MINUTE_MS = 60;
const quick: Clock = { ...systemClock, after: (ms, task) => systemClock.after((ms * MINUTE_MS) / 60_000, task) };

async function serve(t: TestContext, onRequest: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    onRequest(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/of-mine?key=also` };
}

function start(t: TestContext, url: () => string | undefined, isWell: () => boolean = () => true) {
  const { log, lines } = memoryLog();
  const ping = new Ping({
    url: () => Promise.resolve(url()),
    isWell: () => Promise.resolve(isWell()),
    clock: quick,
    log,
  });
  ping.start();
  t.after(() => {
    ping.stop();
  });
  return { ping, lines };
}

const seenAtLeast = (seen: readonly unknown[], n: number): Promise<true> =>
  eventually(`ping ${n}`, () => (seen.length >= n ? true : undefined));

test("while all is well the address is asked at once and then each minute", { timeout }, async (t) => {
  const { seen, url } = await serve(t, (_request, response) => response.end("ok"));
  const { ping, lines } = start(t, () => url);
  await seenAtLeast(seen, 3);
  assert.deepEqual([seen[0]?.method, seen[0]?.url], ["GET", "/of-mine?key=also"]);
  ping.stop();
  const before = seen.length;
  await systemClock.sleep(3 * MINUTE_MS);
  assert.ok(seen.length <= before + 1, "it goes on after its stop");
  assert.deepEqual(lines, []);
});

test(
  "nothing is asked while all is not well, or no address is set, and it goes on when that changes",
  { timeout },
  async (t) => {
    const { seen, url } = await serve(t, (_request, response) => response.end());
    let [isWell, isSet] = [false, true];
    let [looks, asked] = [0, 0];
    start(
      t,
      () => {
        asked += 1;
        return isSet ? url : undefined;
      },
      () => {
        looks += 1;
        return isWell;
      },
    );
    await eventually("looks", () => (looks >= 3 ? true : undefined));
    assert.equal(seen.length, 0);
    isWell = true;
    await seenAtLeast(seen, 1);
    isSet = false;
    // One that is under way has come when the address is asked for once more.
    const until = asked + 2;
    await eventually("no address", () => (asked >= until ? true : undefined));
    const before = seen.length;
    await systemClock.sleep(3 * MINUTE_MS);
    assert.equal(seen.length, before);
  },
);

test(
  "a server that does not answer is asked no second time until the first has been given up",
  { timeout },
  async (t) => {
    const { seen, url } = await serve(t, () => undefined);
    start(t, () => url);
    await seenAtLeast(seen, 1);
    await systemClock.sleep(10 * MINUTE_MS);
    assert.equal(seen.length, 1);
  },
);

test(
  "failures are told once, by host and status, and their end too; the address is in no line",
  { timeout },
  async (t) => {
    let status = 500;
    const { seen, url } = await serve(t, (_request, response) => response.writeHead(status).end());
    const { lines } = start(t, () => url);
    await seenAtLeast(seen, 3);
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields["host"], fields["reason"]]),
      [["warn", new URL(url).host, "status 500"]],
    );
    status = 200;
    await eventually("the end of it", () => lines.find(({ level }) => level === "info"));
    assert.equal(lines.length, 2);
    assert.doesNotMatch(JSON.stringify(lines), /of-mine|also/);
  },
);

for (const [what, url] of [
  ["nobody listens", "http://127.0.0.1:1/of-mine"],
  ["holds a password", "http://user:of-mine@127.0.0.1:1/"],
] as const) {
  test(`an address where ${what} is told without it`, { timeout }, async (t) => {
    const { lines } = start(t, () => url);
    const line = await eventually("a line", () => lines[0]);
    assert.equal(line.level, "warn");
    assert.doesNotMatch(JSON.stringify(lines), /of-mine/);
  });
}

test(
  "the bot pings the address in settings.json as soon as all of its workers run, and not before",
  { timeout },
  async (t) => {
    const { seen, url } = await serve(t, (_request, response) => response.end());
    const stage = await Stage.open(t, { queue: "plain", telegram: "gated" });
    await writeFile(join(dirname(stage.statusDir), "settings.json"), JSON.stringify({ pingUrl: url }));
    void stage.supervisor.run();
    await stage.saw("telegram", "started");
    assert.equal(seen.length, 0, "it pings before all runs");
    stage.order("telegram", "ready");
    await seenAtLeast(seen, 1);
    stage.order("telegram", "end");
  },
);

test("a bot with a worker that is down for good does not ping", { timeout }, async (t) => {
  const { seen, url } = await serve(t, (_request, response) => response.end());
  const stage = await Stage.open(t, { queue: "plain", telegram: "hopeless" });
  await writeFile(join(dirname(stage.statusDir), "settings.json"), JSON.stringify({ pingUrl: url }));
  void stage.supervisor.run();
  await stage.statusWhere(({ state }) => state === "running");
  await systemClock.sleep(500);
  assert.equal(seen.length, 0);
  await stage.supervisor.stop();
});
