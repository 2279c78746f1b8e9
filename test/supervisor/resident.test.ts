import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { familyBytes, residentBytes } from "../../src/supervisor/resident.ts";

const MIB = 1024 * 1024;
/** A shell whose child keeps 64 MiB, says so, and lives as long as its input. */
const FAMILY = `"$0" -e 'const kept = Buffer.alloc(${64 * MIB}, 1); console.log(kept.length); process.stdin.resume()'; :`;

test("a process that started others is counted with them", async (t) => {
  const shell = spawn("/bin/sh", ["-c", FAMILY, process.execPath], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(shell, "exit");
  t.after(async () => {
    shell.stdin.end();
    await exited;
  });
  await once(shell.stdout, "data");
  const { pid = 0 } = shell;
  const own = (await residentBytes(pid)) ?? 0;
  const all = await familyBytes(pid);
  assert.ok(own > 0 && own < 32 * MIB, `the shell alone takes ${own}`);
  assert.ok(all - own > 64 * MIB && all - own < 256 * MIB, `its child takes ${all - own}`);
});

test("a process that is gone takes nothing", async () => {
  const child = spawn("/bin/true");
  await once(child, "exit");
  const { pid = 0 } = child;
  assert.equal(await residentBytes(pid), null);
  assert.equal(await familyBytes(pid), 0);
});
