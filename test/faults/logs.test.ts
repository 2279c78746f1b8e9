/**
 * What a log holds after its thread or its process was ended without a warning, and what it never holds. Rounds of each
 * end: 2, with FAULTS=full 20, of 20 000 lines each.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";
import { logOf } from "./support/bot.ts";
import { count } from "./support/counts.ts";
import { Ward } from "./support/ward.ts";

const timeout = 180_000;
const ROUNDS = count(2, 20);
const LINES = 20_000;
const program = fileURLToPath(new URL("support/log-writer.js", import.meta.url));

const told: string[] = [];
after(() => {
  for (const text of told) process.stdout.write(`# ${text}\n`);
});

for (const [what, way, sources] of [
  ["a worker that is terminated", "terminate", ["queue"]],
  ["a process that is killed, in its worker and in its main thread", "kill", ["queue", "supervisor"]],
] as const) {
  test(`of ${what} right after ${LINES} lines none is missing`, { timeout }, async (t) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const dir = await tempDir(t);
      const { status, signal, stderr } = spawnSync(process.execPath, [program, dir, String(LINES), way], { timeout });
      assert.deepEqual([status, signal], way === "kill" ? [null, "SIGKILL"] : [0, null], stderr.toString());
      for (const source of sources) {
        const numbers = await numbersIn(join(dir, `${source}.log`));
        assert.deepEqual(
          numbers,
          Array.from({ length: numbers.length }, (_, n) => n),
        );
        assert.ok(numbers.length >= LINES, `${numbers.length} of ${LINES} lines of ${source}`);
        told.push(`${way}, ${source}: ${numbers.length} lines, none missing of the first ${LINES}`);
      }
    }
  });
}

/** The kernel may cut the line off that was being written when it was killed; all before it are whole. */
async function numbersIn(path: string): Promise<number[]> {
  const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { n: number }).n);
}

const SECRETS = {
  ANTHROPIC_API_KEY: "sk-ant-api03-Hush-hush-api-key-0123456789-AA",
  CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-Hush-hush-oauth-token-0123456789-AA",
  BROKER_SECRET: "hush/hush+broker&secret=0123456789abcdef",
};

test(
  "in a bot's life with faults of all kinds no secret is logged, and each line says whose it is",
  { timeout },
  async (t) => {
    const ward = await Ward.open(t);
    const { stage } = ward;
    const { telegram } = stage;
    const environment = { ...SECRETS, LOG_LEVEL: "debug", CREDENTIAL_BROKER_URL: "http://127.0.0.1:9" };
    const bot = ward.bot({ environment });
    await bot.running();
    ward.say(1, "hello");
    await waitForPost(stage, 1, /re: hello/);

    const all = Object.values(SECRETS).join(" ");
    ward.script = () => ({ error: { code: 400, message: `no use of ${all} for you` } });
    ward.say(1, `may I have ${all}`);
    await eventually("a turn that failed", async () => {
      return (await logOf(stage, "queue")).find(({ msg }) => msg.includes("back to its place"));
    });
    ward.script = undefined;
    await writeFile(join(stage.dir, "queue", "incoming", "bad.json"), SECRETS.ANTHROPIC_API_KEY);
    await eventually("a corrupt file", async () => {
      return (await logOf(stage, "queue")).find(({ msg }) => msg.includes("is no message"));
    });
    await telegram.stop();
    await eventually("polls that fail", async () => {
      return (await logOf(stage, "telegram")).find(({ msg }) => msg.includes("cannot be polled"));
    });
    await telegram.start();
    await ward.order("telegram", "throw");
    await bot.running();
    ward.say(1, "hello again");
    await waitForPost(stage, 1, /re: hello again/);
    bot.kill("SIGTERM");
    assert.equal((await bot.ended).code, 0);

    const logs = join(stage.dir, "logs");
    const texts = [bot.stdout, bot.stderr];
    for (const source of ["supervisor", "queue", "telegram"]) {
      for (const name of await readdir(join(logs, source))) {
        const text = await readFile(join(logs, source, name), "utf8");
        texts.push(text);
        for (const line of text.trimEnd().split("\n")) checkFields(line, source);
      }
    }
    const secrets = [telegram.token, ...Object.values(SECRETS)];
    const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), btoa(secret).slice(0, 20)]);
    for (const form of forms) {
      const found = texts.flatMap((text) => text.split("\n").filter((line) => line.includes(form)));
      assert.deepEqual(found, []);
    }
    assert.ok(texts.some((text) => text.includes("no use of [secret] [secret] [secret] for you")));
    told.push(`secrets: none of ${secrets.length} in ${texts.join("").split("\n").length} lines`);
  },
);

function checkFields(text: string, source: string): void {
  const line = JSON.parse(text) as Record<string, unknown>;
  assert.equal(line["source"], source);
  assert.ok(["supervisor", "queue", "telegram"].includes(String(line["worker"])), text);
  if (line["messageId"] !== undefined && line["update"] === undefined) {
    assert.equal(typeof line["threadId"], "number", text);
  }
}
