/** A log on a disk that gets full, a real one of a quarter of a megabyte, and has room again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openLog, type OpenLog } from "../../src/core/log.ts";
import { eventually } from "../support/eventually.ts";
import { noSmallDisk, smallDisk } from "../support/small-disk.ts";

const timeout = 60_000;
const skip = noSmallDisk;
const SIZE = { mib: 0.25 };

interface Line {
  readonly n?: number;
  readonly lost?: number;
  readonly msg: string;
}

function open(t: TestContext, dir: string, bufferBytes: number): Promise<OpenLog> {
  const opening = openLog({ dir, source: "queue", level: "info", secrets: [], stdout: false, files: { bufferBytes } });
  t.after(async () => {
    (await opening).close();
  });
  return opening;
}

async function linesOf(dir: string): Promise<string[]> {
  const text = await readFile(join(dir, "queue.log"), "utf8");
  assert.ok(text.endsWith("\n"), "the last line is whole");
  return text.trimEnd().split("\n");
}

test(
  "a full disk costs lines, which are counted and told when there is room again, and none is torn",
  { skip, timeout },
  async (t) => {
    const disk = await smallDisk(t, SIZE);
    const dir = disk.path;
    const log = await open(t, dir, 16_384);
    const { logger } = log;
    await disk.fill(0);
    let n = 0;
    for (; n < 2_000; n += 1) logger.info({ n, padding: "x".repeat(n % 100) }, "full");
    const missing = log.lost();
    assert.ok(missing > 1_000, `${missing} missing`);
    await disk.clear();
    // Nothing is logged meanwhile: the log looks by itself.
    await eventually("the word on what was lost", async () => {
      return (await linesOf(dir)).some((line) => line.includes('"lost"')) || undefined;
    });
    logger.info({ n }, "room");
    const lines = (await linesOf(dir)).map((line) => JSON.parse(line) as Line);
    const there = lines.slice(0, -2).map((line) => line.n);
    assert.deepEqual(
      there,
      Array.from({ length: there.length }, (_, i) => i),
    );
    assert.ok(there.length > 50, `${there.length} were held back`);
    const [told, last] = lines.slice(-2);
    assert.deepEqual([told?.lost, last?.n], [n - there.length, n]);
    assert.equal(log.lost(), n - there.length);
  },
);

test(
  "a disk that is full again and again, whatever is logged meanwhile, leaves no line torn or merged",
  { skip, timeout },
  async (t) => {
    const disk = await smallDisk(t, SIZE);
    const dir = disk.path;
    const log = await open(t, dir, 4_096);
    const { logger } = log;
    let n = 0;
    for (let round = 0; round < 10; round += 1) {
      await disk.fill(0);
      for (let i = 0; i < 200; i += 1) logger.info({ n: n++, padding: "é".repeat(i) }, "full");
      await disk.clear();
      for (let i = 0; i < 5; i += 1) logger.info({ n: n++ }, "room");
    }
    const lines = (await linesOf(dir)).map((line) => JSON.parse(line) as Line);
    const seen = lines.flatMap((line) => line.n ?? []);
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
    const told = lines.reduce((sum, line) => sum + (line.lost ?? 0), 0);
    assert.equal(seen.length + told, n);
    assert.equal(lines.filter(({ msg }) => msg === "room").length, 50);
  },
);

test(
  "what a program that was killed on a full disk leaves of a line stays alone on its line",
  { skip, timeout },
  async (t) => {
    const { path: dir } = await smallDisk(t, SIZE);
    const program = `
    import { openLog } from ${JSON.stringify(new URL("../../src/core/log.js", import.meta.url).href)};
    const log = await openLog({ dir: process.argv[1], source: "queue", level: "info", secrets: [], stdout: false });
    for (let n = 0; n < 1000; n += 1) log.logger.info({ n, padding: "x".repeat(1000) }, "filling");
    process.kill(process.pid, "SIGKILL");`;
    const { signal } = spawnSync(process.execPath, ["--input-type=module", "-e", program, dir]);
    assert.equal(signal, "SIGKILL");
    const before = await readFile(join(dir, "queue.log"), "utf8");
    assert.ok(!before.endsWith("\n"), "a line is torn");
    await truncate(join(dir, "queue.log"), before.length - 8_192);
    const torn = (await readFile(join(dir, "queue.log"), "utf8")).split("\n").at(-1) ?? "";
    assert.notEqual(torn, "");
    const log = await open(t, dir, 16_384);
    log.logger.info({ n: -1 }, "after");
    const lines = await linesOf(dir);
    assert.equal(lines.at(-2), torn);
    assert.deepEqual(
      lines.toSpliced(-2, 1).map((line) => (JSON.parse(line) as Line).n),
      [...lines.slice(0, -2).keys(), -1],
    );
  },
);

test(
  "a start on a disk without room for its file goes on, and the file is there when there is room",
  { skip, timeout },
  async (t) => {
    const disk = await smallDisk(t, { ...SIZE, inodes: 10 });
    const dir = disk.path;
    await mkdir(join(dir, "queue"));
    await disk.fillInodes(0);
    const log = await open(t, dir, 16_384);
    log.logger.info({}, "into the void");
    assert.equal(log.lost(), 2);
    await disk.clear();
    const [told] = await eventually("the file", async () => {
      const lines = await linesOf(dir).catch(() => []);
      return lines.length === 0 ? undefined : lines.map((line) => JSON.parse(line) as Line);
    });
    assert.equal(told?.lost, 2);
    log.logger.info({ n: 1 }, "back again");
    assert.equal((JSON.parse((await linesOf(dir)).at(-1) ?? "") as Line).n, 1);
  },
);
