import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { MAIN, start } from "./support/rig.ts";

async function checkAt(port: number, more: Record<string, string> = {}): Promise<[number | null, string]> {
  const env = { PATH: process.env["PATH"], DASHBOARD_PORT: String(port), ...more };
  const child = spawn(process.execPath, [MAIN, "--check"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [[status], said] = await Promise.all([once(child, "close") as Promise<[number | null]>, text(child.stdout)]);
  return [status, said];
}

test("--check tells a dashboard that runs from one that does not, whatever names it answers to", async (t) => {
  const names = { DASHBOARD_ALLOWED_HOSTS: "claw.example.com" };
  const { port, child, exit } = await start(t, { env: { ...names, DASHBOARD_HOST: "0.0.0.0" } });
  assert.deepEqual(await checkAt(port, { ...names, DASHBOARD_HOST: "0.0.0.0" }), [0, "the dashboard answers 200\n"]);
  assert.deepEqual(await checkAt(port), [1, "the dashboard answers 421\n"]);
  child.kill("SIGTERM");
  await exit;
  const [status, said] = await checkAt(port);
  assert.equal(status, 1);
  assert.match(said, /^the dashboard on port \d+ does not answer: .*ECONNREFUSED[^\n]*\n$/);
});

test("any other word is refused", async () => {
  const child = spawn(process.execPath, [MAIN, "--chekc"], { stdio: ["ignore", "ignore", "pipe"] });
  const [[status], said] = await Promise.all([once(child, "close") as Promise<[number | null]>, text(child.stderr)]);
  assert.deepEqual([status, said], [2, "usage: npm run dashboard [-- --check]\n"]);
});
