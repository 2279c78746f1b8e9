import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { replaceFile } from "../../../src/core/atomic-file.ts";
import { unknownMetrics } from "../../../src/dashboard/host/metrics.ts";
import { Services } from "../../../src/dashboard/services/services.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { ManualClock } from "../host/manual-clock.ts";

const metrics = unknownMetrics(5);

async function stage(t: TestContext): Promise<{ dir: string; clock: ManualClock; services: Services }> {
  const dir = path.join(await tempDir(t), ".tinyclaw");
  const clock = new ManualClock(Date.now());
  const services = new Services({ dir, clock, startedAt: clock.now(), metrics: () => metrics });
  return { dir, clock, services };
}

async function fill(dir: string, now: number): Promise<void> {
  for (const folder of ["status", "queue/incoming", "queue/dead-letter"]) {
    await mkdir(path.join(dir, folder), { recursive: true });
  }
  await writeFile(path.join(dir, "queue/incoming/1.json"), "");
  await writeFile(path.join(dir, "threads.json"), '{"5": {"name": "API"}}');
  await writeRecord(dir, { timestamp: now });
}

async function writeRecord(dir: string, change: object): Promise<void> {
  const record = {
    state: "running",
    startedAt: 1,
    workers: [
      { name: "telegram", state: "running", startedAt: 2, lastBeat: 0 },
      { name: "queue", state: "backoff", startedAt: 3, lastBeat: 0 },
    ],
    broker: { state: "not_configured", checkedAt: 1 },
    ...change,
  };
  await replaceFile(path.join(dir, "status", "supervisor.json"), JSON.stringify(record), { durable: false });
}

test("without a data directory all is empty or unknown, and fills when it appears", async (t) => {
  const { dir, clock, services } = await stage(t);
  const since = clock.now();
  const unknown = { state: "unknown", since };
  assert.deepEqual(await services.snapshot(), {
    services: {
      supervisor: unknown,
      telegram: unknown,
      queue: unknown,
      broker: unknown,
      dashboard: { state: "up", since },
    },
    queue: { incoming: 0, processing: 0, outgoing: 0, deadLetter: 0, corrupt: 0 },
    threads: [],
    messages: { lastHour: 0, lastDay: 0 },
    metrics,
    supervisor: null,
  });
  clock.advance(1_000);
  await fill(dir, clock.now());
  services.messages.add(clock.now());
  const { services: health, queue, threads, messages, supervisor } = await services.snapshot();
  assert.deepEqual(health, {
    supervisor: { state: "up", since: 1 },
    telegram: { state: "up", since: 2 },
    queue: { state: "down", since: clock.now() },
    broker: { ...unknown },
    dashboard: { state: "up", since },
  });
  assert.equal(queue.incoming, 1);
  assert.deepEqual(threads, [{ id: 5, name: "API" }]);
  assert.deepEqual(messages, { lastHour: 1, lastDay: 1 });
  assert.equal(supervisor?.["state"], "running");
});

test("a supervisor that falls silent is down after 10 s, since its last word, and up when it speaks again", async (t) => {
  const { dir, clock, services } = await stage(t);
  const spokeAt = clock.now();
  await fill(dir, spokeAt);
  await services.snapshot();
  clock.advance(10_000);
  assert.equal((await services.snapshot()).services.supervisor.state, "up");
  clock.advance(1);
  assert.deepEqual((await services.snapshot()).services.supervisor, { state: "down", since: spokeAt });
  await writeRecord(dir, { timestamp: clock.now(), startedAt: clock.now() - 5 });
  assert.deepEqual((await services.snapshot()).services.supervisor, { state: "up", since: clock.now() - 5 });
});

for (const [what, spoil] of [
  ["half written", (file: string): Promise<void> => writeFile(file, '{"timestamp": 17600')],
  ["gone", (file: string): Promise<void> => rm(file)],
] as const) {
  test(`a record that is ${what} leaves the last one, which grows old`, async (t) => {
    const { dir, clock, services } = await stage(t);
    await fill(dir, clock.now());
    await services.snapshot();
    await spoil(path.join(dir, "status", "supervisor.json"));
    assert.equal((await services.snapshot()).services.telegram.state, "up");
    clock.advance(10_001);
    const { services: health, supervisor } = await services.snapshot();
    assert.equal(health.telegram.state, "down");
    assert.equal(supervisor?.["state"], "running");
  });
}

test("threads caught half written are the last good ones, and none when the file is gone", async (t) => {
  const { dir, clock, services } = await stage(t);
  await fill(dir, clock.now());
  assert.equal((await services.threads()).length, 1);
  const file = path.join(dir, "threads.json");
  await writeFile(file, '{"5": {"name": "AP');
  assert.deepEqual(await services.threads(), [{ id: 5, name: "API" }]);
  await rm(file);
  assert.deepEqual(await services.threads(), []);
  await writeFile(`${file}.new`, '{"6": {"name": "Web"}}');
  await rename(`${file}.new`, file);
  assert.deepEqual(await services.threads(), [{ id: 6, name: "Web" }]);
});

test("files replaced all the time are always read whole", async (t) => {
  const { dir, clock, services } = await stage(t);
  await fill(dir, clock.now());
  const file = path.join(dir, "threads.json");
  const reader = { reads: 0 };
  const writer = { works: true, n: 0 };
  const written = (async (): Promise<void> => {
    while (writer.n < 100 || reader.reads < 6) {
      const n = (writer.n += 1);
      const threads = Object.fromEntries(Array.from({ length: 50 }, (_, id) => [id + 1, { n }]));
      await replaceFile(file, JSON.stringify(threads), { durable: false });
      await writeRecord(dir, { timestamp: clock.now(), n });
    }
    writer.works = false;
  })();
  while (writer.works) {
    const { threads, services: health } = await services.snapshot();
    assert.ok(threads.length === 1 || new Set(threads.map(({ n }) => n)).size === 1);
    assert.equal(health.supervisor.state, "up");
    reader.reads += 1;
  }
  await written;
  assert.equal((await services.threads())[0]?.["n"], writer.n);
});
