import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ArchiveWriter } from "../../../src/cli/backup/archive-writer.ts";
import { createBackup } from "../../../src/cli/backup/create.ts";
import { noBareUser, runBare } from "../../support/confined.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { runCli } from "../run-cli.ts";
import { backUp, filesIn, modeOf, ownClaude, restoreTo, write } from "./scene.ts";

async function scene(t: TestContext) {
  const dir = await tempDir(t);
  const [data, home] = [join(dir, "old", "data"), join(dir, "old", "home")];
  await write(join(data, "settings.json"), "{}");
  await write(join(data, "threads.json"), '{"5": {"sessionId": "s-1"}}');
  await write(join(data, "message-history.jsonl"), '{"a":1}\n{"b":2}\n');
  await write(join(data, "message-history.1.jsonl"), '{"z":0}\n');
  await write(join(data, "logs", "queue", "queue.1.log"), "{}\n");
  await write(join(data, "queue", "dropped", "x.json"), "x");
  await write(join(home, ".claude", "projects", "-w-api", "s-1.jsonl"), '{"s":1}\n');
  return { dir, data, home, newData: join(dir, "new", "data"), newHome: join(dir, "new", "home") };
}

test("what is restored is what was backed up, sessions too, in an empty place", async (t) => {
  const { data, home, newData, newHome } = await scene(t);
  const strange = ["ä".repeat(120), "with space", "-dash", "x".repeat(250)];
  for (const name of strange) await write(join(data, "queue", "corrupt", name), name);
  await write(join(data, "big.bin"), Buffer.alloc(9 * 1024 * 1024 + 17, 7));
  await write(join(data, "deep", ...Array.from({ length: 30 }, () => "folder"), "file"), "deep");
  const archive = await backUp(data, ownClaude(home));
  const { archive: facts, asides } = await restoreTo(archive, newData, ownClaude(newHome));
  assert.deepEqual(await filesIn(newData), await filesIn(data));
  assert.deepEqual(await filesIn(newHome), await filesIn(home));
  assert.deepEqual([facts.version, facts.files, asides], ["1.2.3", 6 + strange.length + 3, []]);
  assert.equal(await modeOf(join(newData, "settings.json")), "644");
});

test("tar itself lists the archive", async (t) => {
  const { dir, data } = await scene(t);
  await writeFile(join(dir, "a.tar.gz"), await backUp(data));
  const names = execFileSync("tar", ["-tzf", join(dir, "a.tar.gz")], { encoding: "utf8" })
    .trimEnd()
    .split("\n");
  assert.deepEqual([names[0], names.at(-1)], ["tinyclaw-backup.json", "manifest.json"]);
  assert.ok(names.includes("data/message-history.jsonl") && names.includes("claude/projects/-w-api/s-1.jsonl"));
});

test("what is of one run alone, half written or a secret stays out of a backup", async (t) => {
  const { data, home, newData, newHome } = await scene(t);
  const kept = { ...(await filesIn(data)), "message-history.jsonl": '{"a":1}\n{"b":2}\n' };
  await write(join(data, "status", "supervisor.json"), "{}");
  await write(join(data, "queue", "tmp", "0000000000000001.5.u1.json"), "half");
  await write(join(data, ".threads.json.1-2.tmp"), "half");
  await write(join(data, ".before-restore-1", "old"), "old");
  await appendFile(join(data, "message-history.jsonl"), '{"torn":');
  await write(join(home, ".claude", ".credentials.json"), "secret");
  await write(join(home, ".claude", "debug", "log"), "much");
  await write(join(home, ".ssh", "id"), "secret");
  await restoreTo(await backUp(data, ownClaude(home)), newData, ownClaude(newHome));
  assert.deepEqual(await filesIn(newData), kept);
  assert.deepEqual(Object.keys(await filesIn(newHome)), [".claude/projects/-w-api/s-1.jsonl"]);
});

test("links and other things that are no files are left out and told, and what they lead to is not read", async (t) => {
  const { dir, data, home } = await scene(t);
  await write(join(dir, "secret"), "a secret of somebody else");
  await symlink(join(dir, "secret"), join(data, "logs", "queue.log"));
  await symlink(dir, join(home, ".claude", "projects", "-w-link"));
  execFileSync("mkfifo", [join(home, ".claude", "projects", "-w-api", "pipe.jsonl")]);
  const file = join(dir, "b.tar.gz");
  const { code, stderr } = await runCli(["backup", file, "--data", data, "--home", home], {});
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^left out: data\/logs\/queue\.log \(a symbolic link\)$/m);
  assert.match(stderr, /^left out: claude\/projects\/-w-link \(a symbolic link\)$/m);
  assert.match(stderr, /^left out: claude\/projects\/-w-api\/pipe\.jsonl \(a fifo\)$/m);
  assert.doesNotMatch(gunzipSync(await readFile(file)).toString("latin1"), /a secret of somebody else/);
});

test("a link in the place of the agents' Claude folder leads nowhere", async (t) => {
  const { data, home, newData, newHome } = await scene(t);
  await rm(join(home, ".claude"), { recursive: true });
  await symlink(data, join(home, ".claude"));
  await restoreTo(await backUp(data, ownClaude(home)), newData, ownClaude(newHome));
  assert.deepEqual(await filesIn(newData), await filesIn(data));
  assert.deepEqual(await filesIn(newHome).catch(() => ({})), {});
});

test("of a Claude folder that the operator uses too, the projects of the threads' sessions are taken, and no others", async (t) => {
  const { data, home, newData, newHome } = await scene(t);
  await write(join(home, ".claude", "projects", "-mine", "s-9.jsonl"), "{}\n");
  await write(join(home, ".claude", "history.jsonl"), "{}\n");
  const mine = { "projects/-mine/s-9.jsonl": "{}\n" };
  await write(join(newHome, ".claude", "projects", "-mine", "s-9.jsonl"), "{}\n");
  await write(join(newHome, ".claude", "projects", "-w-api", "s-1.jsonl"), "older");
  const shared = (path: string) => ({ path: join(path, ".claude"), isOwn: false }) as never;
  const { asides } = await restoreTo(await backUp(data, shared(home)), newData, shared(newHome));
  assert.deepEqual(await filesIn(join(newHome, ".claude")), { ...mine, "projects/-w-api/s-1.jsonl": '{"s":1}\n' });
  assert.equal(asides.length, 1);
  assert.deepEqual(await filesIn(asides[0]!), { "-w-api/s-1.jsonl": "older" });
});

test("a file that is rolled while it is copied is there once, whole, and so is the one after it", async (t) => {
  const { data, newData } = await scene(t);
  const history = join(data, "message-history.jsonl");
  const archive = new ArchiveWriter();
  const pieces = createBackup({ dataDir: data, claude: ownClaude(data) }, archive, new Map(), "1");
  const parts: Buffer[] = [];
  for await (const piece of pieces) {
    parts.push(piece);
    const isFull = piece.includes("data/message-history.1.jsonl") && piece.length === 512;
    if (!isFull) continue;
    // The next one in order is the file that grows.
    await appendFile(history, '{"c":3}\n');
    await rename(history, join(data, "message-history.2.jsonl"));
    await writeFile(history, '{"d":4}\n');
  }
  await restoreTo(gzipSync(Buffer.concat(parts)), newData);
  const files = await filesIn(newData);
  assert.equal(files["message-history.2.jsonl"], '{"a":1}\n{"b":2}\n{"c":3}\n');
  assert.equal(files["message-history.jsonl"], '{"d":4}\n');
});

test("a FILE appears whole, for its owner alone, in the place of an older one; a failure leaves that and nothing else", async (t) => {
  const { dir, data, home } = await scene(t);
  const folder = join(dir, "backups");
  const file = join(folder, "b.tar.gz");
  await write(file, "older");
  const none = await runCli(["backup", file, "--data", join(dir, "nowhere"), "--home", home], {});
  assert.equal(none.code, 1);
  assert.match(none.stderr, /nowhere is no directory: give the data directory/);
  assert.deepEqual(await filesIn(folder), { "b.tar.gz": "older" });
  const good = await runCli(["backup", file, "--data", data, "--home", home], {});
  assert.deepEqual([good.code, good.stdout], [0, ""]);
  assert.match(good.stderr, /^backup: 7 files, \d+ bytes\n$/);
  assert.equal(await modeOf(file), "600");
  assert.deepEqual(await readdir(folder), ["b.tar.gz"]);
});

test("a backup goes through a pipe and back, and --check says whether it is whole without touching anything", async (t) => {
  const { data, home, newData, newHome } = await scene(t);
  const { code, bytes } = await runCli(["backup", "--data", data, "--home", home], {});
  assert.equal(code, 0);
  const check = await runCli(["restore", "--check"], { TINYCLAW_DIR: newData }, bytes);
  assert.deepEqual([check.code, check.stdout], [0, ""]);
  assert.match(check.stderr, /: the archive is whole\n$/);
  await assert.rejects(readdir(newData), { code: "ENOENT" });
  const done = await runCli(["restore", "-", "--data", newData, "--home", newHome], {}, bytes);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /^restore: 7 files of \d{4}-.*, version \d+\.\d+\.\d+: in place\n$/);
  assert.deepEqual(await filesIn(newData), await filesIn(data));
});

test("a directory without a queue, threads or sessions can be backed up as well", async (t) => {
  const dir = await tempDir(t);
  await write(join(dir, "data", "settings.json"), "{}");
  await restoreTo(await backUp(join(dir, "data")), join(dir, "new"), ownClaude(join(dir, "home")));
  assert.deepEqual(await filesIn(join(dir, "new")), { "settings.json": "{}" });
  await assert.rejects(readdir(join(dir, "home")), { code: "ENOENT" });
});

test("a file that cannot be read fails the backup in place of missing from it", { skip: noBareUser }, async (t) => {
  const { data } = await scene(t);
  await chmod(join(data, "threads.json"), 0);
  const helpers = new URL("./scene.js", import.meta.url).href;
  const source = `
      import { backUp } from ${JSON.stringify(helpers)};
      await backUp(${JSON.stringify(data)}).then(() => console.log("done"), (error) => console.log(error.code));`;
  assert.equal(await runBare(source), "EACCES");
});

const misused: string[][] = [
  ["backup", "a", "b"],
  ["backup", "--check"],
  ["backup", "--date", "x"],
  ["restore", "a", "b"],
];
for (const words of misused) {
  test(`${words.join(" ")} is misuse`, async () => {
    const { code, stderr } = await runCli(words, {});
    assert.equal(code, 2);
    assert.match(stderr, /^usage: (?:backup|restore) \[FILE\]/);
  });
}

test("a backup into what is backed up is refused", async (t) => {
  const { data } = await scene(t);
  await mkdir(join(data, "backups"));
  const { code, stderr } = await runCli(["backup", join(data, "backups", "b")], { TINYCLAW_DIR: data, HOME: data });
  assert.equal(code, 2);
  assert.match(stderr, /outside of/);
  await rm(join(data, "backups"), { recursive: true });
});
