import assert from "node:assert/strict";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { ThreadStore, type Thread } from "../../../src/workers/queue/sessions.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

async function open(t: TestContext) {
  const dir = await tempDir(t);
  const path = join(dir, "threads.json");
  const { log, lines } = memoryLog();
  const clock = { ...systemClock, now: () => 1_790_000_000_000 };
  const reopen = (): Promise<ThreadStore> => ThreadStore.open({ path, workspaceRoot: "/srv/claw", clock, log });
  const stored = async (): Promise<Record<string, Omit<Thread, "threadId">>> =>
    JSON.parse(await readFile(path, "utf8")) as Record<string, Omit<Thread, "threadId">>;
  return { dir, path, lines, reopen, stored, store: await reopen() };
}

test("a new thread is written down as its readers know it", async (t) => {
  const { store, stored } = await open(t);
  await store.ensure(5, "Café API");
  assert.deepEqual(await stored(), {
    "5": {
      name: "Café API",
      cwd: "/srv/claw/cafe-api",
      model: "sonnet",
      modelChoice: "auto",
      isMaster: false,
      lastActive: 1_790_000_000_000,
      status: "idle",
    },
  });
});

test("what a write that was killed has left is removed at the next start", async (t) => {
  const { dir, reopen } = await open(t);
  await writeFile(join(dir, ".threads.json.0b9e2f0c-3c1d-4f1a-9a7e-5d2c8b6a1f00.tmp"), "half");
  await reopen();
  assert.deepEqual(await readdir(dir), []);
});

test("the master is thread 1, and works in the root of the workspace", async (t) => {
  const { store } = await open(t);
  const { name, cwd, isMaster } = await store.ensure(1, undefined);
  assert.deepEqual([name, cwd, isMaster], ["General", "/srv/claw", true]);
  assert.equal((await store.ensure(5, "General")).cwd, "/srv/claw/general");
});

test("a name that is taken, empty, foreign or not known yet gets the thread's number", async (t) => {
  const { store } = await open(t);
  const cwds: string[] = [];
  for (const [threadId, name] of [
    [5, "API"],
    [6, "api"],
    [7, "日本語"],
    [8, undefined],
    [9, "API 10"],
    [10, "Api!"],
  ] as const) {
    cwds.push((await store.ensure(threadId, name)).cwd);
  }
  assert.deepEqual(cwds, [
    "/srv/claw/api",
    "/srv/claw/api-6",
    "/srv/claw/topic-7",
    "/srv/claw/topic-8",
    "/srv/claw/api-10",
    "/srv/claw/api-10-2",
  ]);
  assert.equal(store.nameOf(8), "Topic 8");
});

test("no name leads out of the workspace", async (t) => {
  const { store } = await open(t);
  assert.equal((await store.ensure(5, "../../etc")).cwd, "/srv/claw/etc");
  assert.equal((await store.ensure(6, "..")).cwd, "/srv/claw/topic-6");
});

test("a renamed topic keeps its directory, and its old name is free for another", async (t) => {
  const { store, reopen } = await open(t);
  await store.ensure(5, "API");
  const renamed = await store.ensure(5, "Backend");
  assert.deepEqual([renamed.name, renamed.cwd], ["Backend", "/srv/claw/api"]);
  assert.equal((await store.ensure(6, "API")).cwd, "/srv/claw/api-6");
  assert.equal((await store.ensure(5, undefined)).name, "Backend");
  assert.equal((await reopen()).get(5)?.name, "Backend");
});

test("two calls for a new thread at once make one", async (t) => {
  const { store, stored } = await open(t);
  const [first, second] = await Promise.all([store.ensure(5, "API"), store.ensure(5, "API")]);
  assert.equal(first, second);
  assert.deepEqual(Object.keys(await stored()), ["5"]);
});

test("what was changed survives reopening, and what was removed stays away", async (t) => {
  const { store, reopen } = await open(t);
  await store.ensure(5, "API");
  await store.update(5, { sessionId: "s-1", model: "opus", modelChoice: "opus", systemPrompt: "Be brief." });
  await store.update(5, { systemPrompt: undefined });
  assert.ok(!("systemPrompt" in (store.get(5) ?? {})));
  const thread = (await reopen()).get(5);
  assert.deepEqual(
    [thread?.threadId, thread?.sessionId, thread?.model, thread?.modelChoice],
    [5, "s-1", "opus", "opus"],
  );
  assert.ok(thread !== undefined && !("systemPrompt" in thread));
});

test("after a restart nothing runs or waits, and what is closed stays closed", async (t) => {
  const { store, reopen } = await open(t);
  for (const [threadId, status] of [
    [5, "running"],
    [6, "queued"],
    [7, "queued"],
  ] as const) {
    await store.ensure(threadId, undefined);
    await store.update(threadId, { status });
  }
  await store.setClosed(7, true);
  await store.update(7, { status: "queued" });
  const after = (await reopen()).list().map(({ threadId, status }) => [threadId, status]);
  assert.deepEqual(after, [
    [5, "idle"],
    [6, "idle"],
    [7, "closed"],
  ]);
});

test("a turn in a closed topic leaves it closed, until the topic is opened again", async (t) => {
  const { store } = await open(t);
  const status = () => store.get(5)?.status;
  await store.ensure(5, "API");
  await store.update(5, { status: "running" });
  await store.setClosed(5, true);
  assert.deepEqual([status(), store.isClosed(5)], ["running", true]);
  await store.update(5, { status: "idle" });
  assert.equal(status(), "closed");
  await store.setClosed(5, false);
  assert.equal(status(), "idle");
});

test("an entry that does not fit is told and copied aside, and the others keep their sessions", async (t) => {
  const { store, path, lines, reopen } = await open(t);
  await store.ensure(5, "API");
  await store.ensure(6, "Web");
  await store.update(6, { sessionId: "s-6" });
  const text = (await readFile(path, "utf8")).replace('"model": "sonnet"', '"model": "haiku-5"');
  await writeFile(path, text);
  const again = await reopen();
  assert.deepEqual(
    again.list().map(({ threadId, sessionId }) => [threadId, sessionId]),
    [[6, "s-6"]],
  );
  assert.equal(await readFile(`${path}.broken-1790000000000`, "utf8"), text);
  assert.ok(lines.some(({ level }) => level === "error"));
});

test("a file that cannot be written is told, and no caller fails for it", async (t) => {
  const { store, path, lines } = await open(t);
  await store.ensure(5, "API");
  await rm(path);
  await mkdir(path);
  await store.update(5, { model: "opus" });
  assert.equal(store.get(5)?.model, "opus");
  assert.match(lines.find(({ level }) => level === "error")?.message ?? "", /could not be written/);
});

test("changes made at the same time all land, each on disk when its promise resolves", async (t) => {
  const { store, stored, dir } = await open(t);
  const ids = Array.from({ length: 20 }, (_, i) => i + 2);
  await Promise.all(ids.map((id) => store.ensure(id, `Topic ${id}`)));
  await Promise.all(
    ids.map(async (id) => {
      for (const sessionId of ["a", "b", "c"]) {
        await store.update(id, { sessionId: `${sessionId}${id}` });
        assert.equal((await stored())[String(id)]?.sessionId, `${sessionId}${id}`);
      }
    }),
  );
  assert.equal(Object.keys(await stored()).length, 20);
  assert.deepEqual(await readdir(dir), ["threads.json"]);
});

test("a change of a thread that does not exist is nothing", async (t) => {
  const { store, dir } = await open(t);
  await store.update(99, { model: "opus" });
  assert.deepEqual([store.get(99), store.nameOf(99), await readdir(dir)], [undefined, "thread 99", []]);
});

for (const [what, text] of [
  ["is no JSON", '{"5": {"name": "API"'],
  ["is empty", ""],
  ["names a thread by no number", '{"api": {}}'],
  ["lacks what a thread has", '{"5": {"name": "API"}}'],
] as const) {
  test(`a file that ${what} is set aside whole, told in the log, and the store goes on`, async (t) => {
    const { path, dir, lines, reopen, stored } = await open(t);
    await writeFile(path, text);
    const store = await reopen();
    assert.deepEqual(store.list(), []);
    assert.equal(await readFile(`${path}.broken-1790000000000`, "utf8"), text);
    assert.match(lines.find(({ level }) => level === "error")?.message ?? "", /set aside/);
    await store.ensure(5, "API");
    assert.deepEqual(Object.keys(await stored()), ["5"]);
    assert.equal((await readdir(dir)).length, 2);
  });
}

test("fields of a newer program are no reason to set the file aside", async (t) => {
  const { store, path, reopen, stored } = await open(t);
  await store.ensure(5, "API");
  const newer = { "5": { ...(await stored())["5"], colour: "red" } };
  await writeFile(path, JSON.stringify(newer));
  assert.equal((await reopen()).get(5)?.name, "API");
});
