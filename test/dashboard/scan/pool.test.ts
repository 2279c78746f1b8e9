import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ScanPool } from "../../../src/dashboard/scan/pool.ts";
import { SourceFile } from "../../../src/dashboard/tail/source-file.ts";
import { temporaryFolder } from "../tail/support.ts";
import { openPool } from "./support.ts";

function notLinux(): string | false {
  return process.platform === "linux" ? false : "only Linux has threads with a priority of their own";
}

const EXTENT = { gen: "g", from: 0, to: 9, end: 9 };

test("there is no thread before the first task, and never more than two", async (t) => {
  const pool = openPool(t);
  assert.equal(pool.size, 0);
  await Promise.all([1, 2, 3, 4, 5].map(() => pool.run("diff", { a: "a", b: "b" })));
  assert.ok(pool.size >= 1 && pool.size <= 2);
});

test("its threads have the processor after the one that answers", { skip: notLinux() }, async (t) => {
  const niceOf = (thread: string): number => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  const pool = openPool(t);
  const before = new Set(readdirSync("/proc/self/task"));
  await pool.run("diff", { a: "a", b: "b" });
  const since = readdirSync("/proc/self/task").filter((thread) => !before.has(thread));
  const own = niceOf(String(process.pid));
  assert.ok(since.map(niceOf).includes(Math.max(own, 10)), "none has stepped back");
  assert.ok(
    [...before].every((thread) => niceOf(thread) === own),
    "others have",
  );
});

test("a task that fails says so by code, and the pool goes on", async (t) => {
  const pool = openPool(t);
  const failed = pool.run("search", { ...EXTENT, fd: 2 ** 30, q: "x" });
  await assert.rejects(failed, { code: "scan_failed", details: { code: "EBADF" } });
  assert.deepEqual(await pool.run("diff", { a: "a", b: "a" }), { hunks: [] });
});

test("a task that wants too much memory ends its thread alone", async (t) => {
  const pool = openPool(t);
  const line = (n: number): string => `${n} ${"word ".repeat(20)}\n`;
  const huge = Array.from({ length: 2_500_000 }, (_, n) => line(n)).join("");
  await assert.rejects(pool.run("diff", { a: huge, b: "" }), { code: "scan_failed" });
  assert.deepEqual(await pool.run("diff", { a: "a", b: "a" }), { hunks: [] });
});

test("closing ends what runs, and refuses what comes", async (t) => {
  const pool = openPool(t);
  const text = (name: string): string => Array.from({ length: 20_000 }, (_, n) => `${name}${n}\n`).join("");
  const running = [1, 2, 3].map(() => pool.run("diff", { a: text("a"), b: text("b") }));
  const refused = running.map((task) => assert.rejects(task, { code: "server_stopping" }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const at = performance.now();
  await pool.close();
  assert.ok(performance.now() - at < 10_000);
  await Promise.all(refused);
  await assert.rejects(pool.run("diff", { a: "", b: "" }), { code: "server_stopping" });
  await pool.close();
});

test("a file stays open until its task is over, whoever has left", async (t) => {
  const path = join(await temporaryFolder(t), "a");
  await writeFile(path, "x");
  const file = await SourceFile.open(path);
  assert.ok(file);
  const pool = openPool(t);
  const stop = new AbortController();
  const left = pool.run("search", { ...EXTENT, fd: file.fd, q: "x" }, { signal: stop.signal, file });
  stop.abort();
  await assert.rejects(left, { name: "AbortError" });
  await file.release();
  assert.equal(await file.size(), 1, "still open");
  await pool.run("diff", { a: "", b: "" });
  await pool.close();
  await assert.rejects(file.size());
});

test("a pool at rest lets its threads go, and keeps no process alive", () => {
  const script = `
    const { ScanPool } = await import(${JSON.stringify(new URL("../../../src/dashboard/scan/pool.js", import.meta.url).href)});
    const pool = new ScanPool();
    await pool.run("diff", { a: "a", b: "b" });
    const at = performance.now();
    while (pool.size > 0 && performance.now() - at < 20_000) await new Promise((resolve) => setTimeout(resolve, 100));
    console.log(pool.size);`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 30_000 });
  assert.deepEqual([stdout.toString().trim(), status], ["0", 0]);
});

test("a pool that was never used closes", async () => {
  await new ScanPool().close();
});

test("a pool that is closed while its threads are being loaded takes nobody with it", async () => {
  // It takes that long until one is loaded; the moment in which the process died is one in fifty of these.
  for (let n = 0; n < 50; n += 1) {
    const pool = new ScanPool();
    const runs = Promise.allSettled([1, 2].map(() => pool.run("diff", { a: "a\n", b: "b\n" })));
    await new Promise((resolve) => setTimeout(resolve, 20 + ((n * 7) % 160)));
    await pool.close();
    for (const run of await runs) if (run.status === "rejected") assert.equal(run.reason.code, "server_stopping");
  }
});
