import assert from "node:assert/strict";
import { test } from "node:test";
import { runner } from "../../../src/cli/setup/run.ts";
import { tempDir } from "../../support/temp-dir.ts";

test("a program's end is told, whatever it is", async (t) => {
  const run = runner(await tempDir(t), new AbortController().signal, 60_000);
  assert.deepEqual(
    await run("sh", ["-c", "pwd >&2; echo out; exit 3"]).then(({ status, stdout }) => [status, stdout]),
    [3, "out\n"],
  );
  assert.equal((await run("no-such-program-anywhere", [])).status, "missing");
});

test("one that hangs is ended at its deadline", async (t) => {
  const run = runner(await tempDir(t), new AbortController().signal, 100);
  assert.equal((await run("sleep", ["300"])).status, "late");
});

test("and when nobody wants to know any more", async (t) => {
  const controller = new AbortController();
  const run = runner(await tempDir(t), controller.signal, 60_000);
  const told = run("sleep", ["300"]);
  controller.abort();
  assert.equal((await told).status, "late");
});
