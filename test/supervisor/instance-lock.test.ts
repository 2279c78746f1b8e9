import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { holdDirectory } from "../../src/supervisor/instance-lock.ts";
import { needsLinux } from "../support/needs.ts";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 30_000;
const skip = needsLinux();
const self = { pid: process.pid, instance: "this" };
const holder = fileURLToPath(new URL("fixtures/holder.js", import.meta.url));

/** Another process that tries to take the directory, and the line it says. */
async function other(t: TestContext, dir: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [holder, dir, "other"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [said] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, said };
}

async function writeStatus(dir: string, record: object): Promise<void> {
  await mkdir(join(dir, "status"), { recursive: true });
  await writeFile(join(dir, "status", "supervisor.json"), JSON.stringify(record));
}

test(
  "a directory that a process holds is refused to another, which is told who holds it",
  { timeout, skip },
  async (t) => {
    const dir = await tempDir(t);
    const { child, said } = await other(t, dir);
    assert.equal(said, "held");
    const link = join(await tempDir(t), "link");
    await symlink(dir, link);
    for (const path of [dir, link]) {
      await assert.rejects(holdDirectory(path, self, Date.now()), {
        code: "directory_held",
        message: `${path} is in use by process ${child.pid}: stop that bot first, or give this one a directory of its own by TINYCLAW_DIR.`,
      });
    }
  },
);

test("kill -9 of the holder frees the directory at once", { timeout, skip }, async (t) => {
  const dir = await tempDir(t);
  const { child } = await other(t, dir);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await holdDirectory(dir, self, Date.now());
  assert.match((await other(t, dir)).said, /in use by process \d+/);
  await lock.release();
  assert.equal((await other(t, dir)).said, "held");
});

test("another directory is another lock", { timeout, skip }, async (t) => {
  await other(t, await tempDir(t));
  await (await holdDirectory(await tempDir(t), self, Date.now())).release();
});

test("a status that another instance has written within 5 s refuses, as of a bot in another container", async (t) => {
  const dir = await tempDir(t);
  const record = { instance: "other", pid: 7, state: "running", workers: [] };
  const now = 1_760_000_000_000;
  for (const age of [0, 4_999, -4_999]) {
    await writeStatus(dir, { ...record, timestamp: now - age });
    await assert.rejects(holdDirectory(dir, self, now), {
      code: "directory_held",
      message: /process 7 of another container/,
    });
  }
  await writeStatus(dir, { ...record, timestamp: now - 5_000 });
  await (await holdDirectory(dir, self, now)).release();
});

test(
  "what a bot has left that stopped, is this one, or was killed in this network refuses nothing",
  { skip },
  async (t) => {
    const dir = await tempDir(t);
    const now = Date.now();
    const record = { timestamp: now, instance: "other", pid: 7, state: "running", workers: [] };
    const lock = await holdDirectory(dir, self, now);
    await lock.release();
    const { network } = lock;
    for (const change of [{ state: "stopped" }, { state: "gave-up" }, { instance: "this" }, { network }]) {
      await writeStatus(dir, { ...record, ...change });
      await (await holdDirectory(dir, self, now)).release();
    }
  },
);

test("a status that cannot be read refuses nothing", async (t) => {
  const dir = await tempDir(t);
  await mkdir(join(dir, "status"));
  await writeFile(join(dir, "status", "supervisor.json"), "{");
  await (await holdDirectory(dir, self, Date.now())).release();
});

test("who asks for the holder and never hangs up is hung up on", { timeout, skip }, async (t) => {
  const dir = await tempDir(t);
  const lock = await holdDirectory(dir, self, Date.now());
  t.after(() => lock.release());
  const asking = connect({ path: `\0tinyclaw-${lock.directory}`, allowHalfOpen: true }).resume();
  asking.on("error", () => undefined);
  const closed = new Promise((resolve) => asking.once("close", resolve));
  await new Promise((resolve) => asking.once("end", resolve));
  asking.write("still here");
  await closed;
});
