/** Which file a log opens and keeps: with a clock that is behind, and when opening fails halfway. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { mkdir, readFile, readdir, realpath, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename, join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { openLog, type LogOptions, type OpenLog } from "../../src/core/log.ts";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";

async function open(t: TestContext, dir: string, files: LogOptions["files"] = {}): Promise<OpenLog> {
  const log = await openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false, files });
  t.after(() => {
    log.close();
  });
  return log;
}

/** Files of days that are still to come, as a clock leaves them that was ahead. */
async function filesOfLater(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let n = 0; n < count; n += 1) await writeFile(join(folder, `queue.2999-01-${10 + n}.1.log`), "{}\n");
}

test("with a clock that is behind its older files a log does not delete the one it writes, at each start", async (t) => {
  const dir = await tempDir(t);
  const folder = join(dir, "queue");
  await filesOfLater(folder, 14);
  for (const message of ["first life", "second life"]) {
    const log = await open(t, dir);
    log.logger.info({}, message);
    assert.match(await readFile(join(dir, "queue.log"), "utf8"), new RegExp(message));
    log.close();
  }
  const names = await readdir(folder);
  assert.equal(names.length, 14);
  assert.ok(!names.includes("queue.2999-01-10.1.log"), "the oldest of the others went");
});

test("with a clock that is behind its older files a log does not delete the one it rolls to", async (t) => {
  const dir = await tempDir(t);
  const folder = join(dir, "queue");
  await filesOfLater(folder, 5);
  const { logger } = await open(t, dir, { size: "1k", keep: 3 });
  for (let n = 1; n <= 100; n += 1) {
    logger.info({ n }, "filling");
    // The roll itself waits for the next turn of the loop.
    await turn();
  }
  const names = await eventually("three files", async () => {
    const found = await readdir(folder);
    return found.length === 3 ? found : undefined;
  });
  const active = await realpath(join(dir, "queue.log"));
  assert.ok(names.includes(basename(active)) && !basename(active).startsWith("queue.2999"), active);
  logger.info({}, "last");
  await eventually("the last line", async () => {
    return (await readFile(join(dir, "queue.log"), "utf8")).includes("last") || undefined;
  });
});

test("a file that is deleted while it is opened does not end the start", async (t) => {
  const dir = await tempDir(t);
  const { renameSync } = fs;
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  t.mock.method(fs, "renameSync", (from: string, to: string) => {
    renameSync(from, to);
    fs.rmSync(fs.realpathSync(to));
  });
  syncBuiltinESMExports();
  await open(t, dir);
  t.mock.restoreAll();
});

test("a start that fails after its file was opened closes it again, at each try", { timeout: 30_000 }, async (t) => {
  const dir = await tempDir(t);
  // One descriptor is left: it takes the file, and none is there to look into the folder.
  const program = `
    import { openSync, closeSync, readdirSync, readlinkSync } from "node:fs";
    import { setTimeout as pause } from "node:timers/promises";
    import { openLog } from ${JSON.stringify(new URL("../../src/core/log.js", import.meta.url).href)};
    const files = () => readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync("/proc/self/fd/" + fd).startsWith(process.argv[1]);
      } catch {
        return false;
      }
    }).length;
    const taken = [];
    try {
      for (;;) taken.push(openSync("/dev/null"));
    } catch {}
    closeSync(taken.pop());
    const log = await openLog({ dir: process.argv[1], source: "queue", level: "info", secrets: [], stdout: false });
    await pause(2_500);
    const lost = log.lost();
    taken.splice(0).forEach((fd) => closeSync(fd));
    while (log.lost() === lost && files() === 0) await pause(50);
    await pause(1_500);
    log.logger.info({}, "there");
    console.log(JSON.stringify({ lost, files: files() }));
    process.exit(0);`;
  const command = 'ulimit -n 64; exec "$0" --input-type=module -e "$1" "$2"';
  const { stdout, stderr } = spawnSync("sh", ["-c", command, process.execPath, program, await realpath(dir)]);
  assert.equal(stdout.toString(), '{"lost":1,"files":1}\n', stderr.toString());
  assert.match(await readFile(join(dir, "queue.log"), "utf8"), /there/);
});
