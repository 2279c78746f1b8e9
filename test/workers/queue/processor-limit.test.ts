import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually } from "../../support/eventually.ts";
import { openRig } from "./processor-rig.ts";

type Rig = Awaited<ReturnType<typeof openRig>>;

/** Only a subscription has limits whose kind and end are stated. */
const openLimited = (t: TestContext): Promise<Rig> =>
  openRig(t, { maxConcurrentSessions: 1 }, undefined, {
    ANTHROPIC_API_KEY: undefined,
    CLAUDE_CODE_OAUTH_TOKEN: "sandbox",
  });

/** Refuses what comes with these words, for an hour. */
function spend({ claude }: Rig, kind: string, words: string): void {
  claude.order({
    times: Infinity,
    match: ({ side, body }) => !side && JSON.stringify(body).includes(words),
    fault: {
      kind: "status",
      code: 429,
      message: "This request would exceed your account's rate limit.",
      headers: {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": String(Math.floor(Date.now() / 1000) + 3600),
        "anthropic-ratelimit-unified-representative-claim": kind,
      },
    },
  });
}

/** What is said, once there is so much of it, as `<kind> <thread>: <text>`. */
const said = (rig: Rig, count: number): Promise<string[]> =>
  eventually(`${count} messages`, async () => {
    const all = await rig.said();
    return all.length >= count
      ? all.map(({ kind, threadId, message }) => `${kind} ${threadId}: ${message}`)
      : undefined;
  });

const noticeOf5 =
  /^notice 5: ⏳ .*usage limit.* What waits here is kept and tried again within 15 minutes; other topics go on\.$/;

async function assertWaits(rig: Rig): Promise<void> {
  await eventually("the message in its place", async () => {
    const [waiting, working] = await Promise.all([rig.names("incoming"), rig.names("processing")]);
    return waiting.length === 1 && working.length === 0 ? true : undefined;
  });
  const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
  assert.doesNotMatch(ledger, /"event":"fail"/, "it costs no try");
}

test("the spent limit of one model holds up its thread alone, and only its topic is told", async (t) => {
  const rig = await openLimited(t);
  rig.claude.script = () => ({ text: "Done." });
  spend(rig, "seven_day_opus", "dear words");
  await rig.publish({ message: "dear words" });
  await rig.publish({ messageId: "u6", threadId: 6 });
  await rig.publish({ messageId: "u7", threadId: 7 });
  await rig.processor.start();
  const [notice = "", ...answers] = await said(rig, 3);
  assert.match(notice, noticeOf5);
  assert.deepEqual(answers, ["answer 6: Done.", "answer 7: Done."]);
  await assertWaits(rig);
});

test("a limit that a turn meets after a word of Claude holds up its thread alone", async (t) => {
  const rig = await openLimited(t);
  rig.claude.script = ({ userText }) =>
    userText.includes("hello")
      ? { text: "Done." }
      : { text: "Let me see.", tools: [{ name: "Bash", input: { command: "echo dear | tr d b" } }] };
  spend(rig, "five_hour", "bear");
  await rig.publish({ message: "look" });
  await rig.publish({ messageId: "u6", threadId: 6 });
  await rig.processor.start();
  const [notice = "", ...answers] = await said(rig, 2);
  assert.match(notice, noticeOf5);
  assert.deepEqual(answers, ["answer 6: Done."]);
  await assertWaits(rig);
});

test("the spent limit of the account holds up all, and each topic is told", async (t) => {
  const rig = await openLimited(t);
  spend(rig, "five_hour", "dear words");
  await rig.publish({ message: "dear words" });
  await rig.publish({ messageId: "u6", threadId: 6 });
  await rig.processor.start();
  const notices = await said(rig, 2);
  for (const [n, notice] of notices.entries())
    assert.match(notice, new RegExp(`^notice ${n + 5}: ⏳ .*when Claude is back`));
  assert.equal((await rig.turnsBegun()).length, 1);
});
