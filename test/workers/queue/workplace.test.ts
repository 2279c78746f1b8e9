import assert from "node:assert/strict";
import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { openChannel } from "../../../src/core/channel/channel.ts";
import type { ProcessNotices, ProcessOrders, SpawnRequest } from "../../../src/core/channel/protocol.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { errorCode } from "../../../src/core/errors.ts";
import type { Launch } from "../../../src/workers/queue/agent-remote.ts";
import { makeWorkplaces } from "../../../src/workers/queue/workplace.ts";
import type { Maker } from "../../../src/workers/queue/workplace.ts";
import { openHost } from "../../support/agent-host.ts";
import { noConfinement, runConfined } from "../../support/confined.ts";
import { noSmallDisk, smallDisk } from "../../support/small-disk.ts";
import { tempDir } from "../../support/temp-dir.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };
const skip = process.getuid?.() !== 0 && "needs root, to become another user";

const nothing = (): void => undefined;
const full = { skip: skip || noSmallDisk };

/** A place that others may pass through. */
async function openDir(t: TestContext): Promise<string> {
  const dir = await tempDir(t);
  await chmod(dir, 0o755);
  return dir;
}

function nobody(clock: Clock = systemClock): Maker {
  return { runAs: NOBODY, launch: openHost({ runAs: NOBODY }).launch, clock };
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
  await makeWorkplaces(root, nobody())(join(root, "api"));
  assert.deepEqual((await ownerOf(root)).slice(0, 2), [NOBODY.uid, NOBODY.gid]);
  assert.deepEqual(await ownerOf(join(root, "api")), [NOBODY.uid, NOBODY.gid, "755"]);
});

test("what the agents' user may not make is refused in mkdir's words, whatever we may", { skip }, async (t) => {
  const root = await openDir(t);
  // A library that is missing is told on standard error by each program that is given this variable.
  process.env["LD_PRELOAD"] = "/nowhere/environment-of-the-bot.so";
  t.after(() => delete process.env["LD_PRELOAD"]);
  await assert.rejects(makeWorkplaces(root, nobody())(join(root, "api")), (error: Error) => {
    assert.match(error.message, /^mkdir: cannot create directory .*Permission denied$/);
    return true;
  });
});

for (const runAs of ["our own", "the agents'"] as const) {
  test(`a directory that ${runAs} user's mkdir has no room for is refused with the system's code`, full, async (t) => {
    const small = await smallDisk(t);
    const root = join(small.path, "workspace");
    await mkdir(root);
    await chown(root, NOBODY.uid, NOBODY.gid);
    await small.fillInodes(0);
    const maker = runAs === "our own" ? undefined : nobody();
    await assert.rejects(makeWorkplaces(root, maker)(join(root, "api")), { code: "ENOSPC" });
  });
}

for (const [words, code] of [
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["Read-only file system", "EROFS"],
  ["Too many open files", "EMFILE"],
  ["Too many open files in system", "ENFILE"],
  ["Input/output error", "EIO"],
  ["Cannot allocate memory", "ENOMEM"],
  ["Permission denied", undefined],
  ["Not a directory", undefined],
] as const) {
  test(`"${words}" of mkdir's is ${code ?? "the directory's own fault"}`, { skip }, async (t) => {
    const root = await openDir(t);
    const maker = nobody();
    const script = `echo "mkdir: cannot create directory '/x: Read-only file system': ${words}" >&2; exit 1`;
    const launch: Launch = (request) => maker.launch({ ...request, command: "sh", args: ["-c", script] });
    await assert.rejects(makeWorkplaces(root, { ...maker, launch })(join(root, "api")), (error: Error) => {
      assert.match(error.message, new RegExp(`: ${words}$`));
      assert.equal(errorCode(error), code);
      return true;
    });
  });
}

for (const [reason, code] of [
  ["Error EAGAIN: spawn /bin/sh EAGAIN", "EAGAIN"],
  ["Error ENOMEM: spawn ENOMEM", "ENOMEM"],
  ["its worker is gone", undefined],
] as const) {
  test(`a process that is not started, for "${reason}", is ${code ?? "no fault of the system's"}`, async (t) => {
    const root = await openDir(t);
    const launch: Launch = () => {
      const { port1, port2 } = new MessageChannel();
      const orders = { input: nothing, endInput: nothing, read: nothing, kill: nothing };
      const line = openChannel<ProcessNotices, ProcessOrders>(port2, orders, nothing);
      line.send("gone", { code: null, signal: null, reason });
      return port1;
    };
    const making = makeWorkplaces(root, { runAs: NOBODY, launch, clock: systemClock })(join(root, "api"));
    await assert.rejects(making, (error: Error) => {
      assert.deepEqual([error.message, errorCode(error)], [reason, code]);
      return true;
    });
  });
}

test("it takes no right over the files of others", { skip: noConfinement }, async (t) => {
  const root = join(await openDir(t), "workspace");
  await mkdir(root, { mode: 0o700 });
  await chown(root, NOBODY.uid, NOBODY.gid);
  const [workplace, support, core] = [
    "src/workers/queue/workplace.js",
    "test/support/agent-host.js",
    "src/core/clock.js",
  ].map((path) => new URL(`../../../${path}`, import.meta.url).href);
  const [at, path, runAs] = [root, join(root, "api"), NOBODY].map((value) => JSON.stringify(value));
  await runConfined(
    `import { makeWorkplaces } from "${workplace}"; import { openHost } from "${support}";
     import { systemClock as clock } from "${core}"; const runAs = ${runAs};
     await makeWorkplaces(${at}, { runAs, launch: openHost({ runAs }).launch, clock })(${path});`,
  );
  assert.deepEqual(await ownerOf(join(root, "api")), [NOBODY.uid, NOBODY.gid, "755"]);
});

test(
  "it is the supervisor that starts what makes a directory, and nothing of ours goes with it",
  { skip },
  async (t) => {
    const root = join(await openDir(t), "workspace");
    const maker = nobody();
    const asked: SpawnRequest[] = [];
    const launch: Launch = (request) => {
      asked.push(request);
      return maker.launch(request);
    };
    await makeWorkplaces(root, { ...maker, launch })(join(root, "api"));
    const path = join(root, "api");
    assert.deepEqual(asked, [{ command: "mkdir", args: ["-p", "--", path], cwd: "/", env: {}, alone: true }]);
  },
);

test("a directory that cannot be made in ten seconds is given up", { skip }, async (t) => {
  const root = await openDir(t);
  const due: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, task) {
      assert.equal(ms, 10_000);
      due.push(task);
      return () => undefined;
    },
  };
  const maker = nobody(clock);
  // In place of mkdir, on a disk that does not answer.
  const launch: Launch = (request) => maker.launch({ ...request, command: "sleep", args: ["60"] });
  const making = makeWorkplaces(root, { ...maker, launch })(join(root, "api"));
  while (due.length === 0) await pause(5);
  due[0]?.();
  await assert.rejects(making, { message: "mkdir under uid 65534 took more than 10000 ms" });
});
