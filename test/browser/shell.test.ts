import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { start } from "../dashboard/support/rig.ts";
import { eventually } from "../support/eventually.ts";
import { freePort, noBrowser, openRig } from "./rig.ts";

const NOW = Date.now();
const HOSTILE = `"><img src=x onerror=alert(1)>`;
/** What the browser says of a server that does not answer. */
const GONE = /WebSocket|ERR_CONNECTION_REFUSED|Failed to load resource/;
const VIEWS = ["overview", "feed", "thread", "routing", "prompts", "system", "logs"];
const THREADS = {
  "1": {
    name: "General",
    cwd: "/w",
    model: "opus",
    modelChoice: "auto",
    isMaster: true,
    lastActive: NOW,
    status: "idle",
  },
  "5": {
    name: HOSTILE,
    cwd: "/w",
    model: "haiku",
    modelChoice: "auto",
    isMaster: false,
    lastActive: NOW,
    status: "idle",
  },
};

test("each view is a key, a link and an address away", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t);
  await open("");
  await page.locator('nav a[aria-current="page"]', { hasText: "Overview" }).waitFor();
  for (const [index, view] of VIEWS.entries()) {
    await page.locator("main").focus();
    await page.keyboard.press(String(index + 1));
    await page.locator(`nav a[aria-current="page"][data-view="${view}"]`).waitFor();
    await page.locator(`main.${view}`).waitFor();
    assert.ok(page.url().endsWith(`#/${view}`));
  }
  await page.getByRole("link", { name: "Feed" }).click();
  await page.locator("main.feed").waitFor();
  await page.goBack();
  await page.locator("main.logs").waitFor();
  await page.reload();
  await page.locator("main.logs").waitFor();
  assert.match(await page.title(), /^Logs · /);
  await open("#/nowhere");
  await page.getByText("There is no such view.").waitFor();
});

test("? lists the keys of the page and of the view, and no key works beneath it", { skip: noBrowser }, async (t) => {
  const { page, open, assertAccessible } = await openRig(t);
  await open("#/logs");
  await page.locator(".log-bars").waitFor();
  await page.locator("main").focus();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await dialog.getByText("find a thread, view or command").waitFor();
  await dialog.getByText("next error").waitFor();
  await page.keyboard.press("2");
  await assertAccessible();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.match(page.url(), /#\/logs$/);
  // Typed into a field, a key is a letter.
  await page.keyboard.press("/");
  await page.keyboard.type("2?");
  assert.equal(await page.locator("main input").first().inputValue(), "2?");
  assert.match(page.url(), /#\/logs/);
});

test("Ctrl-K finds views and threads by some letters, whatever they are called", { skip: noBrowser }, async (t) => {
  const { page, open, put, assertAccessible } = await openRig(t);
  await put("threads.json", THREADS);
  await open("#/feed");
  await page.keyboard.press("Control+k");
  const options = page.locator("#palette-list li");
  await page.locator("#palette input").fill("sys");
  await page.keyboard.press("Enter");
  await page.locator("main.system").waitFor();
  for (let tries = 0; ; tries += 1) {
    await page.keyboard.press("Control+k");
    await page.locator("#palette input").fill("onerror");
    if ((await options.filter({ hasText: HOSTILE }).count()) > 0) break;
    assert.ok(tries < 50, "the thread is found");
    await page.keyboard.press("Escape");
    await page.waitForTimeout(100);
  }
  await assertAccessible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.locator("main.thread").waitFor();
  assert.match(page.url(), /#\/thread\/5/);
  await page.keyboard.press("Control+k");
  await page.locator("#palette input").fill("zzzz");
  await page.getByText("Nothing has these letters.").waitFor();
});

test("the theme is the system's until it is chosen, and the choice is kept", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { theme: "light" });
  const theme = (): Promise<string | null> => page.locator("html").getAttribute("data-theme");
  await open("#/system");
  assert.equal(await theme(), "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator('html[data-theme="dark"]').waitFor();
  for (const expected of ["dark", "light"]) {
    await page.locator("#theme").click();
    assert.equal(await theme(), expected);
  }
  await page.reload();
  await page.locator('html[data-theme="light"]').waitFor();
  await page.getByRole("button", { name: "Theme: light" }).waitFor();
});

test(
  "a server that is killed is told of, and when it is back no line is missing or there twice",
  { skip: noBrowser },
  async (t) => {
    const { page, dir, write } = await openRig(t, { expected: GONE });
    const lines = (from: number, to: number): object[] =>
      Array.from({ length: to - from }, (_, n) => ({ level: 30, time: NOW + from + n, msg: `line ${from + n}` }));
    await write("logs/queue", ...lines(0, 20));
    const env = { DASHBOARD_PORT: String(await freePort()) };
    const first = await start(t, { dir, env });
    await page.goto(`${first.url}/#/logs`);
    await page.getByText("line 19", { exact: true }).waitFor();
    await page.locator("#connection.good").waitFor();
    first.child.kill("SIGKILL");
    await page.locator("#connection.bad, #connection.warn").waitFor();
    await first.exit;
    await write("logs/queue", ...lines(20, 700));
    await start(t, { dir, env });
    await page.locator("#connection.good").waitFor();
    await write("logs/queue", ...lines(700, 720));
    await page.getByText("line 719", { exact: true }).waitFor();
    await page.locator(".log-state", { hasText: /^720 lines/ }).waitFor();
    const list = page.locator(".virtual");
    // Until the last line has been drawn the list goes to its end.
    await eventually("the first line", async () => {
      await list.evaluate((element) => element.scrollTo(0, 0));
      return (await shownLines(page))[0] === "line 0" ? true : undefined;
    });
    const seen: string[] = [];
    for (let top = 0; seen.at(-1) !== "line 719"; top += 400) {
      await page.evaluate(`(async () => {
        document.querySelector(".virtual").scrollTo(0, ${top});
        for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      })()`);
      for (const text of await shownLines(page)) if (!seen.includes(text)) seen.push(text);
      assert.ok(top < 30_000, `only ${seen.length} lines are seen`);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 720 }, (_, n) => `line ${n}`),
    );
  },
);

test("a server that is gone before any line came is missed by none that comes", { skip: noBrowser }, async (t) => {
  const { page, dir, write } = await openRig(t, { expected: GONE });
  const env = { DASHBOARD_PORT: String(await freePort()) };
  const first = await start(t, { dir, env });
  await page.goto(`${first.url}/#/logs/queue`);
  await page.getByText("There is no line yet.").waitFor();
  first.child.kill("SIGTERM");
  await first.exit;
  await write("logs/queue", ...Array.from({ length: 700 }, (_, n) => ({ level: 30, time: NOW + n, msg: `line ${n}` })));
  await start(t, { dir, env });
  await page.getByText("line 699", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Older lines" }).click();
  await page.locator(".log-state", { hasText: /^700 lines/ }).waitFor();
});

/** From top to bottom. */
function shownLines(page: Page): Promise<string[]> {
  return page
    .locator(".log-row")
    .evaluateAll((rows) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute("aria-posinset")) - Number(b.getAttribute("aria-posinset")))
        .map((row) => row.querySelector(".text")?.textContent ?? ""),
    );
}
