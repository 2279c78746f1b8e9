/**
 * Pictures of every view of the whole system at its demo, in both themes, on a laptop and on a phone.
 *
 * usage: node dist/test/browser/screenshots.js [FOLDER]
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Conversation } from "../../src/cli/demo/conversation.ts";
import { SCENES, TOPICS, demoScript } from "../../src/cli/demo/script.ts";
import { Stage } from "../../src/cli/demo/stage.ts";
import { openWindow } from "./rig.ts";

const [, , folder = "screenshots"] = process.argv;
const PATIENCE_MS = 60_000;
const SETTLED_MS = 1_500;
const VIEWS = {
  overview: "#/overview",
  feed: "#/feed",
  thread: "#/thread/1",
  routing: "#/routing",
  prompts: "#/prompts",
  system: "#/system",
  logs: "#/logs",
};

const closers: (() => unknown)[] = [];
const scope = { after: (close: () => unknown) => void closers.push(close) };
try {
  await mkdir(folder, { recursive: true });
  const stage = await Stage.open({ script: demoScript });
  scope.after(() => stage.close());
  await stage.startBroker();
  const url = await stage.startDashboard();
  await stage.startBot();
  const conversation = new Conversation(stage, TOPICS, () => undefined);
  for (const { topic, text, answersIn } of SCENES) {
    const answered = answersIn.map((name) => conversation.answerIn(name, AbortSignal.timeout(PATIENCE_MS)));
    conversation.say(topic, text);
    await Promise.all(answered);
  }
  for (const theme of ["dark", "light"] as const) {
    for (const width of [1280, 390]) {
      const { page } = await openWindow(scope, { theme, width, height: 800 });
      for (const [name, address] of Object.entries(VIEWS)) {
        await page.goto(`${url}/${address}`);
        await page.waitForTimeout(SETTLED_MS);
        // In lists: the newest row, opened.
        await page.keyboard.press("End");
        const row = page.locator(".virtual .row").last();
        if (width > 1000 && (await row.count()) > 0) await row.click();
        await page.waitForTimeout(SETTLED_MS / 3);
        await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
        console.log(`${name}-${theme}-${width}.png`);
      }
    }
  }
} finally {
  for (const close of closers.toReversed()) await close();
}
process.exit(0);
