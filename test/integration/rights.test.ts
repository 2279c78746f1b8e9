import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStage, waitForPost } from "../support/bot.ts";

const BOT = fileURLToPath(new URL("../../src/supervisor/main.js", import.meta.url));

test("what the bot writes its group may read and no other user, and --check finds it well", async (t) => {
  // As most systems have it: files that everybody may read.
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const stage = await openStage(t, { script: () => ({ text: "well" }) });
  const topic = stage.telegram.createTopic("API");
  await stage.startBot();
  stage.telegram.sendText(topic, stage.telegram.addUser({ firstName: "Tester" }), "how are you?");
  await waitForPost(stage, topic, /^well$/);

  const names = await readdir(stage.dir, { recursive: true });
  assert.ok(names.includes(join("status", "supervisor.json")) && names.includes("message-history.jsonl"));
  for (const name of names) {
    // A file of the queue may be gone by now.
    const found = await lstat(join(stage.dir, name)).catch(() => undefined);
    if (found === undefined || found.isSymbolicLink()) continue;
    const wanted = found.isDirectory() ? 0o750 : 0o640;
    assert.equal((found.mode & 0o777).toString(8), wanted.toString(8), name);
  }

  const env = { PATH: process.env["PATH"], TINYCLAW_DIR: stage.dir };
  const checked = spawnSync(process.execPath, [BOT, "--check"], { env, encoding: "utf8" });
  assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, "the bot is running\n", ""]);
  await stage.endBot();
  const gone = spawnSync(process.execPath, [BOT, "--check"], { env, encoding: "utf8" });
  assert.deepEqual([gone.status, gone.stdout], [1, "the bot is stopped\n"]);
});
