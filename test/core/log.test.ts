import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { appendFile, lstat, mkdir, readFile, readdir, readlink, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mock, test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { openLog, type LogOptions, type OpenLog } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secrets.ts";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";

const SECRET = "hush-hush-4711";

interface Line {
  readonly level: number;
  readonly source: string;
  readonly worker: string;
  readonly msg: string;
  readonly n?: number;
}

async function open(t: TestContext, dir: string, change: Partial<LogOptions> = {}): Promise<OpenLog> {
  const log = await openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false, ...change });
  t.after(() => {
    log.close();
  });
  return log;
}

async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

test("a line is in the file, as JSON with its source, as soon as it was logged", async (t) => {
  const dir = join(await tempDir(t), "logs");
  const log = await open(t, dir);
  const { logger } = log;
  logger.warn({ n: 7 }, "careful");
  const [line, ...rest] = await linesOf(join(dir, "queue.log"));
  assert.deepEqual([line?.level, line?.source, line?.msg, line?.n], [40, "queue", "careful", 7]);
  assert.deepEqual([rest.length, log.lost()], [0, 0]);
});

test("the log's name is a relative link into the folder of its source", async (t) => {
  const dir = await tempDir(t);
  await open(t, dir);
  assert.ok((await lstat(join(dir, "queue.log"))).isSymbolicLink());
  assert.match(await readlink(join(dir, "queue.log")), /^queue\/queue\.\d{4}-\d\d-\d\d\.1\.log$/);
  assert.deepEqual(sorted(await readdir(dir)), ["queue", "queue.log"]);
});

test("lines under the level are left out", async (t) => {
  const dir = await tempDir(t);
  const { logger } = await open(t, dir, { level: "warn" });
  logger.info({}, "chatter");
  logger.error({}, "fault");
  assert.deepEqual(
    (await linesOf(join(dir, "queue.log"))).map(({ msg }) => msg),
    ["fault"],
  );
});

test("no secret reaches the file, whether in the message, in a field or in an error", async (t) => {
  const dir = await tempDir(t);
  const secret = new Secret(SECRET);
  const { logger } = await open(t, dir, { secrets: [secret] });
  logger.info({ url: `https://h/bot${SECRET}/getMe`, err: new Error(`refused ${SECRET}`), secret }, `sent ${SECRET}`);
  const text = await readFile(join(dir, "queue.log"), "utf8");
  assert.ok(!text.includes(SECRET));
  assert.equal((await linesOf(join(dir, "queue.log")))[0]?.msg, "sent [secret]");
});

test("every line goes to standard output too, without its secrets", async (t) => {
  const dir = await tempDir(t);
  const program = `
    import { openLog } from ${JSON.stringify(new URL("../../src/core/log.js", import.meta.url).href)};
    import { Secret } from ${JSON.stringify(new URL("../../src/core/secrets.js", import.meta.url).href)};
    const secrets = [new Secret("${SECRET}")];
    const log = await openLog({ dir: process.argv[1], source: "queue", level: "info", secrets, stdout: true });
    log.logger.info({}, "said ${SECRET}");
    log.close();`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program, dir]);
  assert.equal(stdout, await readFile(join(dir, "queue.log"), "utf8"));
  assert.equal((JSON.parse(stdout) as Line).msg, "said [secret]");
});

test("after a restart the log goes on in the same file", async (t) => {
  const dir = await tempDir(t);
  for (const message of ["first life", "second life"]) {
    const log = await openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false });
    log.logger.info({}, message);
    log.close();
  }
  assert.deepEqual(
    (await linesOf(join(dir, "queue.log"))).map(({ msg }) => msg),
    ["first life", "second life"],
  );
});

test("two sources lie side by side and do not see each other's lines", async (t) => {
  const dir = await tempDir(t);
  const queue = await open(t, dir);
  const telegram = await open(t, dir, { source: "telegram" });
  queue.logger.info({}, "of the queue");
  telegram.logger.info({}, "of the chat");
  for (const [source, message] of [
    ["queue", "of the queue"],
    ["telegram", "of the chat"],
  ] as const) {
    const lines = await linesOf(join(dir, `${source}.log`));
    assert.deepEqual(
      lines.map(({ source, msg }) => [source, msg]),
      [[source, message]],
    );
  }
});

test("a full file is rolled: no line is lost and the link points at the one being written", async (t) => {
  const dir = await tempDir(t);
  const log = await open(t, dir);
  const { logger } = log;
  const link = join(dir, "queue.log");
  const before = await realpath(link);
  const padding = "x".repeat(1024 * 1024);
  let n = 0;
  // 32 MiB fill a file; the roll itself waits for the next turn of the loop.
  for (; (await realpath(link)) === before && n < 60; n += 1) logger.info({ n, padding }, "filling");
  logger.info({ n }, "last");
  const after = await realpath(link);
  assert.notEqual(after, before);
  assert.equal((await linesOf(link)).at(-1)?.msg, "last");
  const seen = [...(await linesOf(before)), ...(await linesOf(after))].map((line) => line.n);
  assert.deepEqual(
    seen,
    Array.from({ length: n + 1 }, (_, i) => i),
  );
  assert.equal(log.lost(), 0);
  assert.deepEqual(sorted(await readdir(dir)), ["queue", "queue.log"]);
});

test("every line says which worker it is about: the source itself, unless it names another", async (t) => {
  const dir = await tempDir(t);
  const { logger } = await open(t, dir, { source: "supervisor" });
  logger.info({}, "running");
  logger.warn({ worker: "queue" }, "a worker ended unasked");
  const lines = await linesOf(join(dir, "supervisor.log"));
  assert.deepEqual(
    lines.map(({ source, worker }) => [source, worker]),
    [
      ["supervisor", "supervisor"],
      ["supervisor", "queue"],
    ],
  );
});

test("so many files stay as are to be kept, those of earlier runs counted, and the newest lines are in them", async (t) => {
  const dir = await tempDir(t);
  const files = { size: "1k", keep: 3 };
  let n = 0;
  for (const life of [1, 2]) {
    const log = await openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false, files });
    for (let i = 0; i < 100; i += 1) {
      log.logger.info({ n: (n += 1), life }, "filling");
      // The roll itself waits for the next turn of the loop.
      await turn();
    }
    log.close();
  }
  const folder = join(dir, "queue");
  const names = await eventually("three files", async () => {
    const found = await readdir(folder);
    return found.length === 3 ? found : undefined;
  });
  const lines = (await Promise.all(names.map((name) => linesOf(join(folder, name))))).flat();
  const seen = lines.map((line) => line.n ?? 0).sort((a, b) => a - b);
  assert.deepEqual([seen.at(-1), new Set(seen).size], [200, seen.length]);
  // The link follows the roll.
  await eventually(
    "the newest line",
    async () => (await linesOf(join(dir, "queue.log"))).at(-1)?.n === 200 || undefined,
  );
});

test("a start alone removes what is too old, under the names of earlier versions too", async (t) => {
  const dir = await tempDir(t);
  const folder = join(dir, "queue");
  await mkdir(folder, { recursive: true });
  for (const name of ["queue.9.log", "queue.10.log", "queue.2026-01-02.2.log", "queue.2026-01-02.10.log"]) {
    await writeFile(join(folder, name), "{}\n");
  }
  await open(t, dir, { files: { keep: 2 } });
  const today = await readlink(join(dir, "queue.log"));
  assert.deepEqual(sorted(await readdir(folder)), ["queue.2026-01-02.10.log", today.slice("queue/".length)]);
});

test("at midnight the log goes on in a file of the new day, and so does a start on a later day", async (t) => {
  const dir = await tempDir(t);
  const link = join(dir, "queue.log");
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: new Date(2026, 4, 1, 12) });
  t.after(() => {
    mock.timers.reset();
  });
  const log = await open(t, dir);
  assert.equal(await readlink(link), "queue/queue.2026-05-01.1.log");
  mock.timers.tick(12 * 3_600_000 + 1);
  await eventually("the new day", async () => (await readlink(link)) === "queue/queue.2026-05-02.1.log" || undefined);
  log.logger.info({}, "of the second day");
  assert.equal((await linesOf(link)).at(-1)?.msg, "of the second day");
  log.close();
  mock.timers.setTime(new Date(2026, 4, 9, 12).getTime());
  await open(t, dir);
  assert.equal(await readlink(link), "queue/queue.2026-05-09.1.log");
});

test("the beginning of a line that a full disk left is not added to", async (t) => {
  const dir = await tempDir(t);
  const first = await openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false });
  first.logger.info({}, "first life");
  first.close();
  const path = await realpath(join(dir, "queue.log"));
  await appendFile(path, '{"level":30,"msg":"to');
  const { logger } = await open(t, dir);
  logger.info({}, "second life");
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  assert.deepEqual([lines.length, lines[1]], [3, '{"level":30,"msg":"to']);
  assert.equal((JSON.parse(lines[2] ?? "") as Line).msg, "second life");
});

test("a folder that cannot be made by what is in its place ends the start", async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, "queue"), "in the way");
  await assert.rejects(open(t, dir), { code: "EEXIST" });
});

test("a write that fails is counted and does not throw, and the log goes on when it can", async (t) => {
  const dir = await tempDir(t);
  const log = await open(t, dir);
  const { logger } = log;
  const path = await realpath(join(dir, "queue.log"));
  const fd = await descriptorOf(path);
  closeSync(fd);
  logger.info({}, "into the void");
  assert.ok(log.lost() > 0);
  reopenAs(fd, path);
  logger.info({}, "back again");
  assert.deepEqual(
    (await linesOf(path)).map(({ msg }) => msg),
    ["into the void", "back again"],
  );
  assert.equal(log.lost(), 0);
});

async function descriptorOf(path: string): Promise<number> {
  for (const fd of await readdir("/proc/self/fd")) {
    if ((await readlink(`/proc/self/fd/${fd}`).catch(() => "")) === path) return Number(fd);
  }
  return assert.fail(`${path} is not open`);
}

/** Opens the file under this very number; the system gives the lowest one that is free. */
function reopenAs(fd: number, path: string): void {
  const opened = openSync(path, "a");
  assert.ok(opened <= fd);
  if (opened === fd) return;
  reopenAs(fd, path);
  closeSync(opened);
}

function sorted(names: string[]): string[] {
  return names.sort();
}
