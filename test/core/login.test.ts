import assert from "node:assert/strict";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { hasLogin } from "../../src/core/login.ts";
import { noConfinement, runConfined } from "../support/confined.ts";
import { tempDir } from "../support/temp-dir.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };

test("a login is a file of credentials, and a directory without one is none", async (t) => {
  const dir = await tempDir(t);
  assert.equal(hasLogin(join(dir, "nowhere"), undefined), false);
  assert.equal(hasLogin(dir, undefined), false);
  await mkdir(join(dir, ".credentials.json"));
  assert.equal(hasLogin(dir, undefined), false);
  await writeFile(join(dir, "file"), "");
  assert.equal(hasLogin(join(dir, "file"), undefined), false);
});

test("a login in a home that is closed to us is found by the agents' user", { skip: noConfinement }, async (t) => {
  const dir = await tempDir(t);
  const home = join(dir, "home");
  await chmod(dir, 0o755);
  await mkdir(home, { mode: 0o700 });
  await chown(home, NOBODY.uid, NOBODY.gid);
  const module = new URL("../../src/core/login.js", import.meta.url).href;
  const ask = (runAs: string): Promise<string> =>
    runConfined(`import { hasLogin } from "${module}"; console.log(hasLogin(${JSON.stringify(home)}, ${runAs}));`);
  assert.equal(await ask(JSON.stringify(NOBODY)), "false");
  await writeFile(join(home, ".credentials.json"), "{}");
  assert.equal(await ask(JSON.stringify(NOBODY)), "true");
  assert.equal(await ask("undefined"), "false", "the home was not closed to us");
});
