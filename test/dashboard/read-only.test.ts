import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { eventually } from "../support/eventually.ts";
import { needsRoot, needsSuccess } from "../support/needs.ts";
import { TOPIC_NAMES } from "../../src/dashboard/topics.ts";
import { jsonOf, put, start, writerOf } from "./support/rig.ts";
import type { List, Running } from "./support/rig.ts";
import { connect } from "./support/socket-client.ts";
import { openSse } from "./support/sse-client.ts";

/** Calls that change nothing. Whatever else names a file is a fault. */
const READS = new Set(
  `access faccessat faccessat2 chdir execve fchdir fstat getcwd inotify_add_watch lstat newfstatat readlink readlinkat
   stat statfs fstatfs statx getxattr lgetxattr`.split(/\s+/),
);
const OPENS = new Set(["open", "openat", "openat2"]);
const TRACED = "trace=%file,?ftruncate,?fallocate,?fchmod,?fchown,?fsetxattr";

function missing(): string | false {
  return (
    needsRoot("to mount") ||
    needsSuccess(["strace", "-f", "-o", "/dev/null", "true"], "strace is not here, or may not trace") ||
    needsSuccess(["unshare", "--mount", "mount", "--bind", "/tmp", "/tmp"], "nothing can be mounted here")
  );
}

/** A folder, and the same read-only; unmounted with the test. */
async function mirrored(t: TestContext): Promise<{ inside: string; outside: string; home: string }> {
  const home = await mkdtemp(join(tmpdir(), "tinyclaw-read-only-"));
  const [inside, outside] = [join(home, "inside"), join(home, "outside")];
  t.after(async () => {
    // Before anything is deleted; lazily, since a process may still be there.
    spawnSync("umount", ["--lazy", outside]);
    await rm(home, { recursive: true, force: true });
  });
  await mkdir(inside);
  await mkdir(outside);
  execFileSync("mount", ["--bind", inside, outside]);
  execFileSync("mount", ["-o", "remount,ro,bind", outside]);
  await assert.rejects(writeFile(join(outside, "probe"), ""), { code: "EROFS" });
  return { inside, outside, home };
}

/** Everything it can be asked for: what it opens, it opens now. */
async function askForAll(t: TestContext, running: Running, dataDir: string): Promise<void> {
  const client = await connect(t, running.url);
  for (const topic of TOPIC_NAMES) client.subscribe(topic, topic, "tail:10");
  client.subscribe("status", "status");
  const feed = await openSse(t, `${running.url}/api/messages/feed`);
  for (const topic of TOPIC_NAMES) {
    const writer = await writerOf(t, dataDir, topic);
    for (let n = 1; n <= 3; n += 1) {
      await writer.append({
        timestamp: Date.now(),
        time: Date.now(),
        n,
        threadId: 5,
        messageId: `u${n}`,
        prompt: `${n}`,
      });
    }
    assert.deepEqual(
      (await client.received(topic, 3)).map(({ n }) => n),
      [1, 2, 3],
      topic,
    );
  }
  await feed.received(3);
  // Rolled, so that a file that has another name by now is opened too.
  await rename(join(dataDir, "message-history.jsonl"), join(dataDir, "message-history.1.jsonl"));
  await put(dataDir, "message-history.jsonl", `${JSON.stringify({ n: 4, threadId: 5 })}\n`);
  await client.received("messages", 4);
  await put(dataDir, "threads.json", { "5": { name: "API", status: "idle" } });
  await put(dataDir, "status/supervisor.json", { timestamp: Date.now(), state: "running", workers: [] });
  await put(dataDir, "queue/dead-letter/1.json", "{}");
  await eventually("the thread", async () => ((await running.get("/api/threads/5")).ok ? true : undefined));
  for (const path of [
    "/",
    "/api/status",
    "/api/threads",
    "/api/threads/5",
    "/api/threads/5/messages?n=1000",
    "/api/messages/recent?from=1&to=2",
    "/api/prompts/u1",
    "/api/prompts/diff?a=u1&b=u2",
    "/api/metrics",
    "/api/metrics/history",
    "/api/queue/dead-letter",
    "/api/queue/corrupt",
    "/api/search?q=u1",
    "/healthz",
    "/readyz",
    "/metrics",
  ]) {
    const response = await running.get(path);
    await response.text();
    assert.ok(response.ok || path === "/", `${path} ${response.status}`);
  }
  const { items } = await jsonOf<List>(running.get("/api/messages/recent"));
  assert.deepEqual(
    items.map(({ n }) => n),
    [1, 2, 3, 4],
  );
}

/** Of a trace, the calls that could change something. */
function changes(trace: string): string[] {
  return trace.split("\n").filter((line) => {
    const name = /^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)/.exec(line)?.[1];
    if (name === undefined || READS.has(name) || line.includes("resumed>")) return false;
    if (!OPENS.has(name)) return true;
    const isNowhere = line.includes('"/dev/null"');
    return !isNowhere && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE/.test(line);
  });
}

test("on a read-only mount it works, and nothing is opened for writing", { skip: missing() }, async (t) => {
  const { inside, outside, home } = await mirrored(t);
  const trace = join(home, "trace");
  const carrier = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", TRACED];
  const running = await start(t, { dir: outside, carrier });
  await askForAll(t, running, inside);
  const traced = await readFile(trace, "utf8");
  process.kill(Number(/^\d+/.exec(traced)?.[0]), "SIGTERM");
  assert.equal((await running.exit).code, 0);
  const whole = await readFile(trace, "utf8");
  assert.match(whole, /openat\(.*outside\/message-history\.jsonl", O_RDONLY/, "the trace has what it is to have");
  assert.match(whole, /openat\(.*outside\/threads\.json", O_RDONLY/);
  assert.deepEqual(changes(whole), []);
});

test("what a trace would show of a writer is found in it", () => {
  const lines = [
    '12 openat(AT_FDCWD, "/a", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = -1 EROFS (Read-only file system)',
    '12 openat(AT_FDCWD, "/a", O_RDWR <unfinished ...>',
    '12 mkdir("/a", 0777) = 0',
    '12 unlinkat(AT_FDCWD, "/a", 0) = 0',
    "12 ftruncate(3, 0) = 0",
  ];
  assert.deepEqual(changes(lines.join("\n")), lines);
  const reads = [
    '12 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3',
    '12 statx(3, "", AT_EMPTY_PATH, 0, 0) = 0',
    "12 <... openat resumed>) = 3",
    "12 +++ exited with 0 +++",
    "12 --- SIGTERM {si_signo=SIGTERM} ---",
  ];
  assert.deepEqual(changes(reads.join("\n")), []);
});

test("a missing .tinyclaw/ is an empty dashboard that fills when it appears, and again when it is made anew", async (t) => {
  const running = await start(t);
  const { dir } = running;
  for (const topic of ["messages", "routing", "prompts", "activity", "logs/telegram"]) {
    const list = await jsonOf<List>(running.get(`/api/${topic}/recent`));
    assert.deepEqual({ ...list }, { items: [], first: null, last: null, more: false });
  }
  assert.deepEqual(await jsonOf(running.get("/api/threads")), {});
  await assert.rejects(readFile(dir), { code: "ENOENT" }, "it makes no folder");
  const client = await connect(t, running.url);
  for (const topic of TOPIC_NAMES) client.subscribe(topic, topic);
  await client.frame("the last to be live", ({ type, id }) => type === "live" && id === TOPIC_NAMES.at(-1));
  for (const round of [1, 2]) {
    for (const topic of TOPIC_NAMES) await (await writerOf(t, dir, topic)).append({ n: round, round });
    for (const topic of TOPIC_NAMES) {
      const rows = await client.received(topic, round);
      assert.deepEqual(
        rows.map(({ n }) => n),
        [1, 2].slice(0, round),
        topic,
      );
    }
    if (round === 1) await rename(dir, `${dir}.old`);
  }
});
