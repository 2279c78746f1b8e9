import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../../src/cli/demo/conversation.ts";
import { SCENES, TOPICS, demoScript } from "../../src/cli/demo/script.ts";
import { Stage } from "../../src/cli/demo/stage.ts";
import { noBrowser, openWindow, until } from "./rig.ts";

const PATIENCE_MS = 60_000;

test("every view shows a conversation with the whole system as it goes on", { skip: noBrowser }, async (t) => {
  const stage = await Stage.open({ script: demoScript });
  t.after(() => stage.close());
  const url = await stage.startDashboard();
  const { page, problems } = await openWindow(t, {});
  const conversation = new Conversation(stage, TOPICS, () => undefined);
  const main = (text: string): string => `document.querySelector("main").textContent.includes(${JSON.stringify(text)})`;

  await page.goto(`${url}/#/overview`);
  await until(page, "a bot that is not there yet", main("unknown"));
  await stage.startBroker();
  await stage.startBot();
  await until(page, "a bot that runs", main("running"));

  await page.goto(`${url}/#/feed`);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (const { topic, text, answersIn } of SCENES) {
    const answered = answersIn.map((name) => conversation.answerIn(name, signal));
    conversation.say(topic, text);
    assert.ok((await Promise.all(answered)).every(Boolean), `answers to ${text}`);
    await until(page, "the message, live", main(text.slice(0, 40)));
  }
  await until(page, "the answer, live", main("I'm a teapot"));

  const threads = (await (await fetch(`${url}/api/threads`)).json()) as Record<string, { name: string }>;
  const [docs] = Object.entries(threads).find(([, { name }]) => name === "docs") ?? [];
  await page.goto(`${url}/#/thread/${docs}`);
  await until(page, "the tool that ran", main("committed by tinyclaw-sandbox[bot]"));
  for (const [address, text] of [
    ["#/routing", "opus"],
    ["#/prompts", "sonnet"],
    ["#/logs", "running"],
    ["#/system", "CPU"],
    ["#/overview", "docs"],
  ] as const) {
    await page.goto(`${url}/${address}`);
    await until(page, `${text} in ${address}`, main(text));
  }
  assert.deepEqual(problems, []);
});
