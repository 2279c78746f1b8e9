import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { lstat, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import type { Consumer } from "../../../src/core/queue/queue.ts";
import { answer, boot } from "./file-support.ts";
import type { Run } from "./file-support.ts";
import { claimNow, message, temporaryFolder } from "./support.ts";

type Folder = "incoming" | "processing" | "outgoing";
const FOLDERS: readonly Folder[] = ["incoming", "processing", "outgoing"];
/** What is in the folder of the damaged files and must be found by the messages of their lane behind them. */
const GOOD = "good";

const text = 'Résumé: "done",\nand a 🦀.';
function real(folder: Folder, key: string): Buffer {
  return encodeEnvelope(folder === "outgoing" ? answer(key, { message: text }) : message(key, { message: text }));
}

function ownName(seq: number, key: string): string {
  return `${String(seq).padStart(16, "0")}.5.${key}.json`;
}

/** Puts a file there that was last written a minute ago. */
function lay(path: string | Buffer, bytes: Buffer | string): void {
  writeFileSync(path, bytes);
  const at = Date.now() / 1000 - 60;
  utimesSync(path, at, at);
}

/** Starts the bot's side of a folder and ends all that it finds; answers the messages by key. */
async function endAll(run: Run, folder: Folder): Promise<Map<string, unknown>> {
  const consumer: Consumer<unknown> = folder === "outgoing" ? run.outgoing.consumer : run.incoming.consumer;
  await consumer.open();
  const ended = new Map<string, unknown>();
  for (let claim = await claimNow(consumer); claim !== undefined; claim = await claimNow(consumer)) {
    assert.ok(!ended.has(claim.key), `${claim.key} came twice`);
    ended.set(claim.key, claim.message);
    await consumer.commit(claim);
  }
  await consumer.close();
  for (const each of FOLDERS) assert.deepEqual(await run.names(each), [], `${each} holds files`);
  return ended;
}

/** Contents of the files in corrupt/, each of which has a reason, by the name it had. */
async function putAside(run: Run): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const name of await run.names("corrupt")) {
    if (name.endsWith(".why")) continue;
    const why = await run.why("corrupt", name);
    assert.ok(typeof why["reason"] === "string" && why["reason"] !== "", `${name} has no reason`);
    assert.ok(!why["reason"].includes("crab") && !why["reason"].includes("Résumé"), "a reason quotes the message");
    found.set(String(why["name"]), await readFile(run.path("corrupt", name)));
  }
  assert.equal(run.corrupt.length, found.size);
  return found;
}

/** Each file was either the message it is named after, or is in corrupt/ as it was. */
async function checkDamaged(t: TestContext, folder: Folder, damage: (bytes: Buffer) => Buffer[]): Promise<number> {
  const run = await boot(t);
  const laid = new Map<string, Buffer>();
  const damaged = damage(real(folder, "u"));
  for (const [n, bytes] of damaged.entries()) {
    const name = ownName(n + 1, `u${n}`);
    laid.set(name, bytes);
    lay(run.path(folder, name), bytes);
  }
  lay(run.path(folder, ownName(damaged.length + 1, GOOD)), real(folder, GOOD));
  const ended = await endAll(run, folder);
  assert.ok(ended.delete(GOOD), "the message behind the damaged ones was not reached");
  const aside = await putAside(run);
  const whole = JSON.parse(real(folder, "u").toString("utf8").split("\n")[0] ?? "") as unknown;
  for (const [name, bytes] of laid) {
    const key = name.split(".")[2] ?? "";
    if (ended.has(key)) assert.deepEqual(ended.get(key), whole, `${name} came changed`);
    else assert.deepEqual(aside.get(name), bytes, `${name} is lost`);
  }
  assert.equal(aside.size + ended.size, laid.size);
  return aside.size;
}

for (const folder of FOLDERS) {
  test(`a file in ${folder} that was cut anywhere is put aside, and its lane goes on`, async (t) => {
    const bytes = real(folder, "u").length;
    const aside = await checkDamaged(t, folder, (whole) =>
      Array.from({ length: bytes }, (_, length) => whole.subarray(0, length)),
    );
    // The last byte only ends the line.
    assert.equal(aside, bytes - 1);
  });

  test(`a file in ${folder} with a bit changed anywhere is put aside, and its lane goes on`, async (t) => {
    const aside = await checkDamaged(t, folder, (whole) =>
      [...whole.keys()].map((at) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ (1 << ((at + FOLDERS.indexOf(folder) * 3) % 8));
        return changed;
      }),
    );
    assert.equal(aside, real(folder, "u").length);
  });
}

/** Cuts, repeats, inserts and overwrites, a few at once. */
const mutation = fc.record({
  kind: fc.constantFrom("cut", "repeat", "insert", "overwrite", "swap lines"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 40 }),
  bytes: fc.uint8Array({ maxLength: 20 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(whole: Buffer, { kind, at, length, bytes }: Mutation): Buffer {
  const start = Math.floor(at * whole.length);
  const [before, middle, after] = [
    whole.subarray(0, start),
    whole.subarray(start, start + length),
    whole.subarray(start + length),
  ];
  if (kind === "cut") return Buffer.concat([before, after]);
  if (kind === "repeat") return Buffer.concat([before, middle, middle, after]);
  if (kind === "insert") return Buffer.concat([before, bytes, middle, after]);
  if (kind === "overwrite") return Buffer.concat([before, bytes, whole.subarray(start + bytes.length)]);
  return Buffer.from(whole.toString("latin1").split("\n").toReversed().join("\n"), "latin1");
}

test("whatever was done to a message file, it comes as it was written or is put aside as it is", async (t) => {
  const many = fc.array(fc.array(mutation, { minLength: 1, maxLength: 3 }), { minLength: 40, maxLength: 40 });
  const folders = fc.constantFrom(...FOLDERS);
  const property = fc.asyncProperty(folders, many, async (folder, files) => {
    await checkDamaged(t, folder, (whole) => files.map((mutations) => mutations.reduce(mutate, whole)));
  });
  await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 60_000 });
});

test("whatever another program dropped, it comes as a message that fits or is put aside as it is", async (t) => {
  const dropped = Buffer.from(JSON.stringify({ threadId: 5, message: text, sender: "Tester", isReply: true }));
  const many = fc.array(fc.array(mutation, { minLength: 1, maxLength: 3 }), { minLength: 40, maxLength: 40 });
  const property = fc.asyncProperty(many, async (files) => {
    const run = await boot(t);
    const laid = files.map((mutations) => mutations.reduce(mutate, dropped));
    for (const [n, bytes] of laid.entries()) lay(run.path("incoming", `file ${n}.json`), bytes);
    const ended = await endAll(run, "incoming");
    const aside = await putAside(run);
    for (const [name, bytes] of aside) assert.deepEqual(bytes, laid[Number(/\d+/.exec(name)?.[0])]);
    assert.equal(ended.size + aside.size, laid.length);
  });
  await fc.assert(property, { numRuns: 15, interruptAfterTimeLimit: 60_000 });
});

/** Counts anew how much memory the process has at most; what is answered says by how many MiB that has grown. */
function memoryGrowth(): () => number {
  writeFileSync("/proc/self/clear_refs", "5");
  const peak = (): number => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
  const before = peak();
  return () => peak() - before;
}

/** What is no message, by a word for it; each is made at a path without its `.json`. */
const ODDITIES: Readonly<Record<string, (path: string, run: Run) => void>> = {
  empty: (path) => lay(path, ""),
  folder: (path) => {
    mkdirSync(path);
    writeFileSync(`${path}/inside`, "kept");
  },
  secret: (path, run) => {
    writeFileSync(run.path("secret"), '{"message":"secret"}');
    symlinkSync(run.path("secret"), path);
  },
  dangling: (path, run) => symlinkSync(run.path("nowhere"), path),
  loop: (path) => symlinkSync(path, path),
  fifo: (path) => execFileSync("mkfifo", [path]),
  deep: (path) => lay(path, `${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  "deep-object": (path) => lay(path, encodeEnvelope({ message: nested(2000) })),
  "huge-number": (path) => lay(path, encodeEnvelope(message("u", { threadId: 1e308 }))),
  infinity: (path) => lay(path, '{"message":"a","timestamp":1e999}'),
  zeros: (path) => lay(path, Buffer.alloc(4096)),
  "no-object": (path) => lay(path, encodeEnvelope(null)),
};

function nested(depth: number): unknown {
  let value: unknown = "core";
  for (let n = 0; n < depth; n += 1) value = { a: value };
  return value;
}

for (const folder of FOLDERS) {
  for (const own of [true, false]) {
    test(`in ${folder}, under ${own ? "a name of the bot's" : "a name of their own"}, things that are no message are put aside`, async (t) => {
      const run = await boot(t);
      const names = Object.keys(ODDITIES).map((word, n) => (own ? ownName(n + 1, word) : `${word}.json`));
      for (const [n, make] of Object.values(ODDITIES).entries()) make(run.path(folder, names[n] ?? ""), run);
      lay(run.path(folder, ownName(99, GOOD)), real(folder, GOOD));
      assert.deepEqual([...(await endAll(run, folder)).keys()], [GOOD]);
      const put = (await run.names("corrupt")).filter((name) => !name.endsWith(".why"));
      assert.deepEqual(put, names.toSorted());
      for (const name of put) assert.ok((await run.why("corrupt", name))["reason"], name);
      const at = (word: string): string => run.path("corrupt", put.find((name) => name.includes(word)) ?? "");
      assert.ok((await lstat(at("fifo"))).isFIFO() && (await lstat(at("secret"))).isSymbolicLink());
      assert.equal(await readFile(`${at("folder")}/inside`, "utf8"), "kept");
      assert.equal(await readFile(run.path("secret"), "utf8"), '{"message":"secret"}');
    });
  }
}

for (const folder of FOLDERS) {
  test(`a message in ${folder} with another sum than its own is put aside`, async (t) => {
    const run = await boot(t);
    const other = real(folder, "u")
      .toString("utf8")
      .replace(/(?<="crc32":")./, (digit) => (digit === "0" ? "1" : "0"));
    lay(run.path(folder, ownName(1, "u")), other);
    lay(run.path(folder, ownName(9, GOOD)), real(folder, GOOD));
    assert.deepEqual([...(await endAll(run, folder)).keys()], [GOOD]);
    assert.match(String((await run.why("corrupt", ownName(1, "u")))["reason"]), /does not match its crc32/);
  });
}

test("a socket is put aside", async (t) => {
  const run = await boot(t);
  const server = createServer().listen(run.path("incoming", "s.json"));
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  lay(run.path("incoming", ownName(9, GOOD)), real("incoming", GOOD));
  assert.deepEqual([...(await endAll(run, "incoming")).keys()], [GOOD]);
  assert.deepEqual(await run.names("corrupt"), ["s.json", "s.json.why"]);
});

test("a key that stands twice in a message has its last value, and none reaches the prototype", async (t) => {
  const run = await boot(t);
  lay(run.path("incoming", "twice.json"), '{"message":"a","messageId":"u1","message":"b","__proto__":{"hops":7}}');
  const [ended] = (await endAll(run, "incoming")).values();
  assert.equal((ended as { message: string }).message, "b");
  assert.equal((ended as { hops?: number }).hops, undefined);
});

for (const folder of FOLDERS) {
  test(`names in ${folder} that hold newlines, control characters or no UTF-8 are put aside`, async (t) => {
    const run = await boot(t);
    const names = ["new\nline", "esc\u001b[2Jape", "tab\t"].map((name) => Buffer.from(`${name}.json`));
    names.push(Buffer.from("not utf8 \xff\xfe.json", "latin1"), Buffer.from("not utf8 \xfe\xff.json", "latin1"));
    const bytes = folder === "outgoing" ? real(folder, "u") : '{"message":"a"}';
    for (const name of names) lay(Buffer.concat([Buffer.from(`${run.path(folder)}/`), name]), bytes);
    lay(run.path(folder, ownName(9, GOOD)), real(folder, GOOD));
    assert.deepEqual([...(await endAll(run, folder)).keys()], [GOOD]);
    const put = (await run.names("corrupt")).filter((name) => !name.endsWith(".why"));
    assert.equal(put.length, names.length);
    // oxlint-disable-next-line no-control-regex -- these are what it looks for
    for (const name of put) assert.doesNotMatch(name, /[\u0000-\u001f\u007f]/);
  });

  test(`a file of 100 MB in ${folder} is put aside unread`, async (t) => {
    const run = await boot(t);
    const names = [ownName(1, "large"), "large.json"];
    for (const name of names) {
      lay(run.path(folder, name), "{");
      truncateSync(run.path(folder, name), 100 * 1024 * 1024);
    }
    lay(run.path(folder, ownName(9, GOOD)), real(folder, GOOD));
    const grown = memoryGrowth();
    assert.deepEqual([...(await endAll(run, folder)).keys()], [GOOD]);
    assert.ok(grown() < 50, `${grown().toFixed(0)} MiB of memory`);
    for (const name of names) {
      assert.equal((await stat(run.path("corrupt", name))).size, 100 * 1024 * 1024);
      assert.match(String((await run.why("corrupt", name))["reason"]), /the limit is|not written/);
    }
  });
}

/** Does a task as a user who may not read everything. */
async function asOrdinaryUser(root: string, task: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return task();
  const nobody = 65_534;
  chownSync(root, nobody, nobody);
  for (const name of readdirSync(root)) chownSync(`${root}/${name}`, nobody, nobody);
  process.seteuid?.(nobody);
  try {
    await task();
  } finally {
    process.seteuid?.(0);
  }
}

test("a file that may not be read is put aside", async (t) => {
  const run = await boot(t, await temporaryFolder(t));
  const names = [ownName(1, "locked"), "locked.json"];
  for (const name of names) {
    lay(run.path("incoming", name), real("incoming", "u"));
    chmodSync(run.path("incoming", name), 0);
  }
  lay(run.path("incoming", ownName(9, GOOD)), real("incoming", GOOD));
  chmodSync(run.path("incoming", ownName(9, GOOD)), 0o644);
  await asOrdinaryUser(run.root, async () => {
    assert.deepEqual([...(await endAll(run, "incoming")).keys()], [GOOD]);
  });
  for (const name of names) assert.equal((await run.why("corrupt", name))["reason"], "cannot be read: EACCES");
});

for (const ledger of ["ledger.jsonl", "sent.jsonl"]) {
  const folder = ledger === "ledger.jsonl" ? "incoming" : "outgoing";

  test(`a ${ledger} that is no file is put aside, and the queue starts`, async (t) => {
    const makers = Object.entries(ODDITIES).filter(([word]) =>
      ["folder", "secret", "dangling", "loop", "fifo"].includes(word),
    );
    for (const [word, make] of makers) {
      const first = await boot(t, await temporaryFolder(t));
      make(first.path(ledger), first);
      const run = await boot(t, first.root);
      lay(run.path(folder, ownName(9, GOOD)), real(folder, GOOD));
      assert.deepEqual([...(await endAll(run, folder)).keys()], [GOOD], word);
      assert.deepEqual(await run.names("corrupt"), [ledger, `${ledger}.why`], word);
      assert.ok((await lstat(run.path(ledger))).isFile());
    }
  });

  test(`damage in ${ledger} costs the lines that it hits and no more`, async (t) => {
    const run = await boot(t);
    const line = (key: string): string =>
      `${JSON.stringify({ timestamp: run.clock.now(), key, event: "done", seq: 1 })}\n`;
    const rubbish = [
      Buffer.from(`${"[".repeat(100_000)}\n`),
      Buffer.from(`${JSON.stringify({ timestamp: 1, key: nested(2000), event: "done" })}\n`),
      Buffer.from('{"timestamp":1e999,"key":"u8","event":"done"}\n{"timestamp":1,"key":"","event":"done"}\n'),
      Buffer.from("\xff\xfe\n\0\0\0\0\n", "latin1"),
    ];
    lay(run.path(ledger), Buffer.concat([Buffer.from(line("u1")), ...rubbish]));
    // A line of zeros.
    truncateSync(run.path(ledger), 100 * 1024 * 1024);
    appendFileSync(run.path(ledger), `\n${line("u2")}{"timest`);
    for (const [n, key] of ["u1", "u2", GOOD].entries()) lay(run.path(folder, ownName(n + 1, key)), real(folder, key));
    const next = await boot(t, run.root);
    const grown = memoryGrowth();
    assert.deepEqual([...(await endAll(next, folder)).keys()], [GOOD]);
    assert.ok(grown() < 60, `${grown().toFixed(0)} MiB of memory`);
    assert.match(
      (await readFile(run.path(ledger))).subarray(-1000).toString("utf8"),
      /\n[^\n]*"key":"good","event":"done"[^\n]*\n$/,
    );
  });
}
