import assert from "node:assert/strict";
import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { makeWorkplaces } from "../../../src/workers/queue/workplace.ts";
import { noConfinement, runConfined } from "../../support/confined.ts";
import { tempDir } from "../../support/temp-dir.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };
const skip = process.getuid?.() !== 0 && "needs root, to become another user";

/** A place that others may pass through. */
async function openDir(t: TestContext): Promise<string> {
  const dir = await tempDir(t);
  await chmod(dir, 0o755);
  return dir;
}

async function ownerOf(path: string): Promise<[number, number, string]> {
  const { uid, gid, mode } = await stat(path);
  return [uid, gid, (mode & 0o7777).toString(8)];
}

test("a directory is made with all that is above it, and found again the next time", async (t) => {
  const root = join(await tempDir(t), "far", "workspace");
  const make = makeWorkplaces(root, undefined);
  await make(join(root, "api"));
  await make(join(root, "api"));
  assert.ok((await stat(join(root, "api"))).isDirectory());
});

test("an agent's directory is its user's own, and so is the root that was missing", { skip }, async (t) => {
  const root = join(await openDir(t), "workspace");
  // As the bot's is.
  const before = process.umask(0o027);
  t.after(() => process.umask(before));
  await makeWorkplaces(root, NOBODY)(join(root, "api"));
  assert.deepEqual((await ownerOf(root)).slice(0, 2), [NOBODY.uid, NOBODY.gid]);
  assert.deepEqual(await ownerOf(join(root, "api")), [NOBODY.uid, NOBODY.gid, "755"]);
});

test("what the agents' user may not make is refused in mkdir's words, whatever we may", { skip }, async (t) => {
  const root = await openDir(t);
  // A library that is missing is told on standard error by each program that is given this variable.
  process.env["LD_PRELOAD"] = "/nowhere/environment-of-the-bot.so";
  t.after(() => delete process.env["LD_PRELOAD"]);
  await assert.rejects(makeWorkplaces(root, NOBODY)(join(root, "api")), (error: Error) => {
    assert.match(error.message, /^mkdir: cannot create directory .*Permission denied$/);
    return true;
  });
});

test("it takes no right over the files of others", { skip: noConfinement }, async (t) => {
  const root = join(await openDir(t), "workspace");
  await mkdir(root, { mode: 0o700 });
  await chown(root, NOBODY.uid, NOBODY.gid);
  const module = new URL("../../../src/workers/queue/workplace.js", import.meta.url).href;
  const [at, path] = [JSON.stringify(root), JSON.stringify(join(root, "api"))];
  await runConfined(
    `import { makeWorkplaces } from "${module}"; await makeWorkplaces(${at}, ${JSON.stringify(NOBODY)})(${path});`,
  );
  assert.deepEqual(await ownerOf(join(root, "api")), [NOBODY.uid, NOBODY.gid, "755"]);
});
