import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { lstat, readFile, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { openLog, type LogOptions, type OpenLog } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secrets.ts";
import { tempDir } from "../support/temp-dir.ts";

const SECRET = "hush-hush-4711";

interface Line {
  readonly level: number;
  readonly source: string;
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
  assert.match(await readlink(join(dir, "queue.log")), /^queue\/queue\.\d+\.log$/);
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
  const messages = (await linesOf(path)).map(({ msg }) => msg);
  assert.equal(messages.at(-1), "back again");
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
