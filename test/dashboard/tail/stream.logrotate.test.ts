import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import type { Stream } from "../../../src/dashboard/tail/stream.ts";
import { needsProgram } from "../../support/needs.ts";
import { ALL, started, temporaryFolder } from "./support.ts";

const ROTATIONS = 8;

/** Numbered lines without a pause until its input ends; SIGHUP makes it open its file anew. Says the last number. */
const WRITER = `
const fs = require("node:fs");
const path = process.argv[1];
let fd = fs.openSync(path, "a"), n = 0;
const timer = setInterval(() => {
  for (let k = 0; k < 20; k += 1) fs.writeSync(fd, JSON.stringify({ timestamp: Date.now(), n: ++n, text: "é".repeat(n % 50) }) + "\\n");
}, 1);
process.on("SIGHUP", () => { fs.closeSync(fd); fd = fs.openSync(path, "a"); });
process.stdin.on("end", () => {
  clearInterval(timer);
  // After the last cut, however long this process stood still.
  fs.writeSync(fd, JSON.stringify({ timestamp: Date.now(), n: ++n }) + "\\n");
  console.log(n);
});
process.stdin.resume();
console.log("ready");
`;

const skip = needsProgram("logrotate", "apt-get install logrotate");

async function startWriter(t: TestContext, path: string): Promise<ChildProcess & { lines: string[] }> {
  const child = spawn(process.execPath, ["-e", WRITER, path], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill());
  const lines: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => lines.push(...text.trim().split("\n")));
  await once(child.stdout, "data");
  return Object.assign(child, { lines });
}

async function rotate(folder: string, path: string, how: string): Promise<void> {
  const config = join(folder, "logrotate.conf");
  await writeFile(config, `${path} {\n  rotate 99\n  nocompress\n  ${how}\n}\n`);
  const child = spawn("logrotate", ["--force", "--state", join(folder, "state"), config], { stdio: "inherit" });
  const [status] = (await once(child, "exit")) as [number];
  assert.equal(status, 0, "logrotate");
}

function numberOf(record: object | undefined): number | string {
  return record !== undefined && "n" in record ? Number(record.n) : "torn";
}

/** Follows until the line with the number; a gap is told as its reason. */
async function follow(stream: Stream, end: () => number): Promise<(number | string)[]> {
  const told: (number | string)[] = [];
  for (let cursor: string | undefined; ;) {
    const slice = await stream.after(cursor, { ...ALL, rows: 500 });
    cursor = slice.last;
    for (const item of slice.items) {
      told.push("gap" in item ? item.gap.reason : numberOf(item.record));
    }
    if (told.at(-1) === end()) return told;
    if (!slice.more) await systemClock.sleep(5);
  }
}

async function run(t: TestContext, how: (pid: number) => string): Promise<{ told: (number | string)[]; last: number }> {
  const folder = await temporaryFolder(t);
  const path = join(folder, "app.log");
  const writer = await startWriter(t, path);
  const stream = await started(t, { path, clock: systemClock });
  let last = 0;
  const following = follow(stream, () => last);
  while (stream.head() === undefined) await systemClock.sleep(5);
  for (let n = 0; n < ROTATIONS; n += 1) {
    await systemClock.sleep(20 * n);
    await rotate(folder, path, how(writer.pid ?? 0));
  }
  // What comes after a cut tells of it.
  await systemClock.sleep(50);
  writer.stdin?.end();
  await once(writer, "exit");
  last = Number(writer.lines.at(-1));
  assert.equal((await readdir(folder)).filter((name) => name.startsWith("app.log.")).length, ROTATIONS);
  return { told: await following, last };
}

test("logrotate with create: every line once, in order, and no gap", { skip }, async (t) => {
  const { told, last } = await run(t, (pid) => `create\n  postrotate\n    kill -HUP ${pid}\n  endscript`);
  assert.deepEqual(
    told,
    Array.from({ length: last }, (_, n) => n + 1),
  );
});

test("logrotate with copytruncate: what it loses lies in a gap, and it loses little", { skip }, async (t) => {
  const { told, last } = await run(t, () => "copytruncate");
  let before = 0;
  let lost = 0;
  let gap = false;
  for (const item of told) {
    if (typeof item === "string") {
      gap = true;
      continue;
    }
    assert.ok(item > before, `${item} after ${before}`);
    assert.ok(item === before + 1 || gap, `a hole between ${before} and ${item}`);
    lost += item - before - 1;
    before = item;
    gap = false;
  }
  assert.ok(told.includes("truncated"));
  // What is written between logrotate's copy and its cut: on a busy machine that is long.
  assert.ok(lost < last / 2, `${lost} of ${last}`);
  t.diagnostic(`${lost} of ${last} lines were cut away unread`);
});
