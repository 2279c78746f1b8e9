import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { restore } from "../../../src/cli/backup/restore.ts";
import { swap } from "../../../src/cli/backup/swap.ts";
import { holdDirectory } from "../../../src/supervisor/instance-lock.ts";
import { eventually } from "../../support/eventually.ts";
import { needsRoot } from "../../support/needs.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { runCli } from "../run-cli.ts";
import { backUp, filesIn, forge, modeOf, ownClaude, restoreTo, write } from "./scene.ts";

/** A backup, and another directory with a home that it is not of. */
async function scene(t: TestContext) {
  const dir = await tempDir(t);
  await write(join(dir, "a", "data", "threads.json"), '{"5": {}}');
  await write(join(dir, "a", "data", "message-history.jsonl"), '{"text":"first"}\n'.repeat(50));
  await write(join(dir, "a", "home", ".claude", "projects", "-w", "s.jsonl"), "{}\n");
  const archive = await backUp(join(dir, "a", "data"));
  const [data, home] = [join(dir, "b", "data"), join(dir, "b", "home")];
  await write(join(data, "threads.json"), "another");
  await write(join(data, "queue", "incoming", "x.json"), "x");
  await write(join(home, ".claude", "old"), "old");
  await write(join(home, ".claude", ".credentials.json"), "a login");
  await write(join(home, "other"), "stays");
  const everything = (): Promise<Record<string, string>> => filesIn(join(dir, "b"));
  return { dir, archive, data, home, everything, before: await everything() };
}

test("what was there is kept aside, the login stays in use, and the rest of the home is left alone", async (t) => {
  const { dir, archive, data, home, before } = await scene(t);
  const { asides } = await restoreTo(archive, data);
  assert.deepEqual(await filesIn(data), await filesIn(join(dir, "a", "data")));
  assert.deepEqual(await filesIn(join(home, ".claude")), {
    ".credentials.json": "a login",
    "projects/-w/s.jsonl": "{}\n",
  });
  assert.equal((await filesIn(home))["other"], "stays");
  assert.equal(asides.length, 2);
  assert.deepEqual(await filesIn(asides[0]!), {
    "threads.json": before["data/threads.json"],
    "queue/incoming/x.json": "x",
  });
  assert.deepEqual(await filesIn(asides[1]!), { old: "old" });
  assert.match(asides[0]!, /\/data\/\.before-restore-\d{8}T\d{6}Z$/);
});

test("a second restore keeps what the first one kept", async (t) => {
  const { archive, data } = await scene(t);
  const first = await restoreTo(archive, data);
  const kept = await filesIn(first.asides[0]!);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await restoreTo(archive, data);
  assert.notDeepEqual(second.asides, first.asides);
  assert.deepEqual(await filesIn(first.asides[0]!), kept);
});

test("files and folders can be used by those who must, whatever they were before", async (t) => {
  const { dir } = await scene(t);
  await chmod(join(dir, "a", "data", "threads.json"), 0o600);
  await mkdir(join(dir, "a", "data", "inbox"), { mode: 0o755 });
  await chmod(join(dir, "b", "data"), 0o2750);
  await restoreTo(await backUp(join(dir, "a", "data")), join(dir, "b", "data"));
  const mode = (...path: string[]): Promise<string> => modeOf(join(dir, "b", ...path));
  assert.equal(await mode("data", "threads.json"), "640");
  assert.equal(await mode("data", "inbox"), "2755");
  assert.equal(await mode("data"), "2750");
});

test(
  "as root, what is restored belongs to whom its place belongs",
  { skip: needsRoot("to give files away") },
  async (t) => {
    const { data, home, archive } = await scene(t);
    const { chown } = await import("node:fs/promises");
    await chown(data, 0, 10_000);
    await chown(home, 10_002, 10_002);
    await restoreTo(archive, data);
    const owner = async (...path: string[]): Promise<number[]> => {
      const { uid, gid } = await stat(join(...path));
      return [uid, gid];
    };
    assert.deepEqual(await owner(data, "threads.json"), [0, 10_000]);
    for (const path of [".claude", ".claude/projects", ".claude/projects/-w/s.jsonl"]) {
      assert.deepEqual(await owner(home, path), [10_002, 10_002]);
    }
  },
);

test("an archive that is cut anywhere is refused, and nothing has changed", async (t) => {
  const { archive, data, everything, before } = await scene(t);
  const plain = gunzipSync(archive);
  const manifest = plain.lastIndexOf("manifest.json");
  const cuts = [0, 1, 10, 100, archive.length >> 1, archive.length - 9, archive.length - 1].map((at) =>
    archive.subarray(0, at),
  );
  // Also where the compression is whole.
  const whole = [512, 1024, 4096, manifest, manifest + 600].map((at) => gzipSync(plain.subarray(0, at)));
  for (const cut of [...cuts, ...whole]) {
    await assert.rejects(restoreTo(cut, data), { code: "restore_refused" }, `${cut.length} bytes`);
    assert.deepEqual(await everything(), before);
  }
});

test("an archive with any byte changed is refused, and nothing has changed", async (t) => {
  const { dir, archive, data, everything, before } = await scene(t);
  const plain = gunzipSync(archive);
  const isZero = (at: number): boolean => plain[at] === 0;
  const places = [plain.indexOf("first"), plain.indexOf("data/threads.json"), plain.lastIndexOf("sha256") + 12];
  for (let at = 3; at < plain.length; at += 997) if (!isZero(at)) places.push(at);
  for (const at of places) {
    const changed = Buffer.from(plain);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(restoreTo(gzipSync(changed), data), { code: "restore_refused" }, `byte ${at}`);
  }
  for (let at = 30; at < archive.length; at += 101) {
    const changed = Buffer.from(archive);
    changed[at] = (changed[at] ?? 0) ^ 0x40;
    // Some bits of a compressed stream mean nothing; then it is the same archive.
    const target = join(dir, "changed", String(at), "data");
    const outcome = await restoreTo(changed, target).catch((error: unknown) => error);
    if (outcome instanceof Error) assert.equal((outcome as { code?: string }).code, "restore_refused");
    else assert.deepEqual(await filesIn(target), await filesIn(join(dir, "a", "data")));
  }
  assert.deepEqual(await everything(), before);
});

const HEAD = { path: "tinyclaw-backup.json", text: '{"format":1,"version":"1","createdAt":1}' };
const EMPTY = { path: "manifest.json", text: '{"files":{},"directories":{}}' };
const file = (path: string): { path: string; text: string } => ({ path, text: "x" });
const EMPTY_FILE = {
  path: "manifest.json",
  text: JSON.stringify({
    files: { "data/x": { bytes: 0, mode: 0o640, sha256: createHash("sha256").digest("hex") } },
    directories: {},
  }),
};
const manifestOf = (...paths: string[]): { path: string; text: string } => {
  const sha256 = createHash("sha256").update("x").digest("hex");
  const files = Object.fromEntries(paths.map((path) => [path, { bytes: 1, mode: 0o640, sha256 }]));
  return { path: "manifest.json", text: JSON.stringify({ files, directories: {} }) };
};
const hostile: [string, Parameters<typeof forge>[0]][] = [
  ["no entries", []],
  ["another program's files", [file("readme.txt")]],
  ["another format", [{ path: HEAD.path, text: '{"format":2,"version":"1","createdAt":1}' }, EMPTY]],
  ["a path that climbs out", [HEAD, file("data/../../evil"), manifestOf("data/../../evil")]],
  ["an absolute path", [HEAD, file("/tmp/evil"), manifestOf("/tmp/evil")]],
  ["a part that there is not", [HEAD, file("etc/passwd"), manifestOf("etc/passwd")]],
  ["a file in the place of a part", [HEAD, file("data"), manifestOf("data")]],
  ["a path with an empty step", [HEAD, file("data//x"), manifestOf("data//x")]],
  ["a symbolic link", [HEAD, { path: "data/x", type: "SymbolicLink", linkpath: "/etc" }, EMPTY_FILE]],
  ["a hard link", [HEAD, { path: "data/x", type: "Link", linkpath: "data/y" }, EMPTY_FILE]],
  ["a device", [HEAD, { path: "data/x", type: "CharacterDevice" }, EMPTY_FILE]],
  ["a fifo", [HEAD, { path: "data/x", type: "FIFO" }, EMPTY_FILE]],
  ["a file that its manifest does not name", [HEAD, file("data/x"), EMPTY]],
  ["a manifest that names what is not there", [HEAD, manifestOf("data/x")]],
  ["something after the manifest", [HEAD, EMPTY, file("data/x")]],
  ["no manifest", [HEAD, file("data/x")]],
  ["a manifest that is none", [HEAD, { path: "manifest.json", text: "[]" }]],
];
for (const [what, entries] of hostile) {
  test(`an archive with ${what} is refused, and nothing has changed`, async (t) => {
    const { dir, data, everything, before } = await scene(t);
    await assert.rejects(restoreTo(forge(entries), data), { code: "restore_refused" });
    assert.deepEqual(await everything(), before);
    assert.deepEqual((await readdir(dir)).sort(), ["a", "b"]);
  });
}

test("an archive that is right in all but its links is what a forged one is made of", async (t) => {
  const { data } = await scene(t);
  await restoreTo(forge([HEAD, file("data/x"), manifestOf("data/x")]), data);
  assert.deepEqual(await filesIn(data), { x: "x" });
});

test("a file below another file cannot be unpacked, and nothing has changed", async (t) => {
  const { data, everything, before } = await scene(t);
  const archive = forge([HEAD, file("data/x"), file("data/x/y"), manifestOf("data/x", "data/x/y")]);
  await assert.rejects(restoreTo(archive, data), { code: "restore_failed" });
  assert.deepEqual(await everything(), before);
});

test("while a bot uses the directory a restore is refused, until it has stopped or been silent", async (t) => {
  const { archive, data } = await scene(t);
  const path = join(data, "status", "supervisor.json");
  const status = (state: string, age: number): Promise<void> =>
    write(path, JSON.stringify({ timestamp: Date.now() - age, state, workers: [] }));
  for (const state of ["running", "starting", "stopping"]) {
    await status(state, 0);
    await assert.rejects(restoreTo(archive, data), {
      code: "restore_refused",
      message: /stop that bot first.*Nothing has changed/,
    });
  }
  await status("stopped", 0);
  await restoreTo(archive, data);
  await status("running", 60_000);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await restoreTo(archive, data);
});

test("a directory is held by its restore, and none begins where a bot holds it", async (t) => {
  const { archive, data, everything, before } = await scene(t);
  const lock = await holdDirectory(data, { pid: 1, instance: "a bot" }, Date.now());
  await assert.rejects(restoreTo(archive, data), { code: "restore_refused", message: /in use by/ });
  assert.deepEqual(await everything(), before);
  await lock.release();
  const input = new PassThrough();
  const restoring = restore(input, { dataDir: data, claude: ownClaude(join(data, "..", "home")) });
  input.write(archive.subarray(0, 600));
  await eventually("the staging folder", async () =>
    (await readdir(data)).some((name) => name.startsWith(".restore-")) ? true : undefined,
  );
  await assert.rejects(holdDirectory(data, { pid: 2, instance: "a bot" }, Date.now()), { code: "directory_held" });
  input.end(archive.subarray(600));
  await restoring;
  await (await holdDirectory(data, { pid: 2, instance: "a bot" }, Date.now())).release();
});

test("when a rename fails half-way everything is put back", async (t) => {
  const { dir, data, home, everything, before } = await scene(t);
  const claude = ownClaude(home);
  const plan = { dataDir: data, claude, newData: join(dir, "a", "data"), newClaude: join(dir, "missing"), time: "now" };
  await assert.rejects(swap(plan), { code: "restore_failed", message: /ENOENT.*All is as it was/ });
  assert.deepEqual(await everything(), before);
  assert.deepEqual(Object.keys(await filesIn(join(dir, "a", "data"))).sort(), [
    "message-history.jsonl",
    "threads.json",
  ]);
});

test("a data directory that is reached through a link is restored where it leads", async (t) => {
  const { dir, archive, data } = await scene(t);
  await symlink(data, join(dir, "link"));
  await restoreTo(archive, join(dir, "link"), ownClaude(join(dir, "b", "home")));
  assert.equal((await filesIn(data))["threads.json"], '{"5": {}}');
});

test("what is no archive is told in a line with status 1, and so is a file that is not there", async (t) => {
  const { dir, data } = await scene(t);
  await writeFile(join(dir, "x"), "no archive at all");
  const said = { x: /^The archive is refused, and nothing has changed: /, missing: /ENOENT.*Nothing has changed\.$/ };
  for (const [name, expected] of Object.entries(said)) {
    const { code, stderr } = await runCli(["restore", join(dir, name), "--data", data, "--home", dir], {});
    assert.deepEqual([code, stderr.split("\n").length], [1, 2]);
    assert.match(stderr.trimEnd(), expected);
  }
});
