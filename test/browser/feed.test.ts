import assert from "node:assert/strict";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { noBrowser, openRig, until } from "./rig.ts";
import type { Rig } from "./rig.ts";
import { HOSTILE_NAME, message, messages, THREADS } from "./support.ts";

const OPTIONS = { skip: noBrowser, timeout: 60_000 };
const seed = (...records: object[]) => ({
  seed: async (files: { put: Rig["put"]; write: Rig["write"] }): Promise<void> => {
    await files.put("threads.json", THREADS);
    await files.write("messages", ...records);
  },
});
const row = ({ page }: Rig, text: string) => page.locator(".feed-list .row", { hasText: text });
const exact = ({ page }: Rig, text: string) =>
  page.locator(".feed-list .row", { has: page.getByText(text, { exact: true }) });

test("a message appears as it is written, with its thread, sender, direction and model", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(message(1)));
  await rig.open("#/feed");
  await row(rig, "message 1").waitFor();
  await rig.write("messages", message(2, { direction: "out", sender: "assistant", model: "opus" }));
  const found = row(rig, "message 2");
  await found.waitFor();
  assert.match((await found.textContent()) ?? "", /sent#APIassistantopusmessage 2$/);
  assert.match((await found.getAttribute("class")) ?? "", /is-out of-opus/);
});

test("hostile text stands there as text: markup, bidi marks, ANSI codes, a megabyte, no record", OPTIONS, async (t) => {
  const script = `<script>alert(1)</script><img src=x onerror=alert(2)>`;
  const rig = await openRig(
    t,
    seed(
      message(1, { threadId: 9, message: `${script}\u202Egnp\u001B[31m` }),
      message(2, { message: "y".repeat(1_000_000) }),
      message(3, { message: { toString: 1 }, sender: ["<b>"], timestamp: 1e300, threadId: "x", model: 5 }),
      message(4),
    ),
  );
  await rig.open("#/feed");
  await row(rig, "message 4").waitFor();
  const hostile = (await row(rig, "<script>").textContent()) ?? "";
  assert.ok(hostile.includes(`${script}⟨202e⟩gnp⟨001b⟩[31m`), hostile);
  await until(rig.page, "the name", `document.querySelector(".row .where")?.textContent.includes("<img")`);
  assert.ok((await row(rig, "<script>").textContent())?.includes(`#${HOSTILE_NAME}`));
  await row(rig, "yyyy").click();
  assert.ok(((await rig.page.locator("#details pre").textContent()) ?? "").length < 50_000, "a part at first");
  await rig.page.getByRole("button", { name: /Show all/ }).click();
  assert.equal(((await rig.page.locator("#details pre").textContent()) ?? "").length, 1_000_000);
  await row(rig, '"toString"').click();
  await rig.page.locator("#details").getByText("toString").waitFor();
});

test("a row is opened with Enter, stands in the address, and is there again after a reload", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(...messages(0, 1500)));
  await rig.write("activity", {
    timestamp: 1,
    threadId: 5,
    messageId: "u1200",
    kind: "tool_start",
    tool: "Bash",
    detail: "npm test",
  });
  await rig.open("#/feed");
  await row(rig, "message 1499").waitFor();
  const list = rig.page.getByRole("listbox");
  await list.focus();
  for (let n = 0; n < 4; n += 1) await rig.page.keyboard.press("k");
  await rig.page.keyboard.press("Enter");
  await rig.page.locator("#details pre", { hasText: "message 1496" }).waitFor();
  assert.match(rig.page.url(), /#\/feed\?at=/);
  // One that is not among the newest, by its address.
  const { items } = (await (await fetch(`${rig.url}/api/messages/recent?messageId=u600`)).json()) as {
    items: { cursor: string }[];
  };
  await rig.open(`#/feed?at=${items[0]?.cursor}`);
  await rig.page.locator("#details pre", { hasText: "message 600" }).waitFor();
  assert.match((await rig.page.locator('.row[aria-selected="true"]').textContent()) ?? "", /message 600$/);
  assert.ok(await rig.page.locator('.row[aria-selected="true"]').isVisible());
  const links = await rig.page
    .locator("#details .links a")
    .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  assert.deepEqual(links.slice(1), ["#/routing?messageId=u600", "#/prompts?messageId=u600"]);
  await rig.page.getByRole("button", { name: "Newest" }).click();
  await exact(rig, "message 1499").waitFor();
  assert.ok(!rig.page.url().includes("at="));
});

test("what the agent did for a message is shown with it", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(message(7)));
  await rig.write("activity", {
    timestamp: 1,
    threadId: 5,
    messageId: "u7",
    kind: "tool_start",
    tool: "Bash",
    detail: "npm test",
  });
  await rig.open("#/feed");
  await row(rig, "message 7").click();
  await rig.page.locator("#details").getByRole("button", { name: "activity" }).click();
  await rig.page.locator("#details .steps", { hasText: "npm test" }).waitFor();
});

test("paused, it counts what waits, and shows it when it goes on", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(message(1)));
  await rig.open("#/feed");
  await row(rig, "message 1").waitFor();
  await rig.page.keyboard.press("p");
  await rig.page.getByRole("button", { name: "Paused", pressed: true }).waitFor();
  await rig.write("messages", ...messages(100, 112));
  await rig.page.getByRole("button", { name: "12 waiting" }).waitFor();
  assert.equal(await row(rig, "message 111").count(), 0);
  await rig.page.keyboard.press("p");
  await row(rig, "message 111").waitFor();
  await rig.page.getByRole("button", { name: "Pause", pressed: false }).waitFor();
});

test("who scrolls up stays where they are, gets older rows, and is told what waits", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(...messages(0, 1200)));
  await rig.open("#/feed");
  await row(rig, "message 1199").waitFor();
  const list = rig.page.getByRole("listbox");
  await list.hover();
  await list.evaluate((element) => (element.scrollTop = 0));
  await until(rig.page, "older rows", `/^1,[02]/.test(document.querySelector("#feed-state").textContent)`);
  assert.ok((await rig.page.locator(".feed-list .row").count()) <= 200);
  const inSight = `(() => {
    const { top, height } = document.querySelector(".virtual").getBoundingClientRect();
    const row = document.elementFromPoint(400, top + height / 2).closest(".row");
    return row.textContent + row.getBoundingClientRect().top;
  })()`;
  await until(rig.page, "rows in sight", inSight);
  const before = await rig.page.evaluate(inSight);
  await rig.write("messages", ...messages(2000, 2003));
  await rig.page.getByRole("button", { name: "3 waiting" }).waitFor();
  assert.equal(await rig.page.evaluate(inSight), before);
  await rig.page.keyboard.press("f");
  await row(rig, "message 2002").waitFor();
});

test("where the file was cut a row says so, between the rows before and after it, and stays", OPTIONS, async (t) => {
  const rig = await openRig(t, seed());
  // Of a file that is cut there is left what was read while it grew.
  await rig.write("messages", ...messages(0, 100));
  const newest = `${rig.url}/api/messages/recent`;
  await eventually("the rows are read", async () =>
    (await fetch(newest)).text().then((text) => /u99/.test(text) || undefined),
  );
  await truncate(join(rig.dir, "message-history.jsonl"), 0);
  await rig.write("messages", message(100));
  await eventually("the cut is seen", async () =>
    (await fetch(newest)).text().then((text) => /"gaps"/.test(text) || undefined),
  );
  await rig.write("messages", ...messages(101, 700));
  await rig.open("#/feed");
  await row(rig, "message 699").waitFor();
  const list = rig.page.getByRole("listbox");
  await list.hover();
  await list.evaluate((element) => (element.scrollTop = 0));
  const all = `document.querySelector("#feed-state").textContent === "702 rows, all there are"`;
  await until(rig.page, "older rows", all);
  await list.evaluate((element) => (element.scrollTop = 98 * 24));
  const gap = rig.page.locator(".row.gap", {
    hasText: /^Rows may be missing here: the file was cut\. Enter/,
  });
  const around = async (): Promise<(string | null)[]> => {
    const place = Number(await gap.getAttribute("aria-posinset"));
    const at = (n: number) => rig.page.locator(`.feed-list .row[aria-posinset="${n}"] .text`).textContent();
    return [await at(place - 1), await at(place + 1)];
  };
  assert.deepEqual(await around(), ["message 99", "message 100"]);
  await gap.click();
  await until(rig.page, "all of them", all);
  assert.deepEqual(await around(), ["message 99", "message 100"]);
});

test(
  "a message's id in the address finds and opens it, with the filters; what is not there is said",
  OPTIONS,
  async (t) => {
    const rig = await openRig(t, seed(...messages(0, 1200)));
    await rig.open("#/feed?messageId=u600&thread=5");
    await rig.page.locator("#details pre", { hasText: "message 600" }).waitFor();
    assert.match((await rig.page.locator('.row[aria-selected="true"]').textContent()) ?? "", /message 600$/);
    assert.match(rig.page.url(), /#\/feed\?thread=5&at=[^&]+$/);
    await rig.page.evaluate(`location.hash = "#/feed?messageId=u601"`);
    await rig.page.locator("#details pre", { hasText: "message 601" }).waitFor();
    await rig.page.evaluate(`location.hash = "#/feed?messageId=u601&thread=9"`);
    await rig.page.locator("#details", { hasText: "There is no message u601 here" }).waitFor();
    await rig.page.evaluate(`location.hash = "#/feed?messageId=${encodeURIComponent(HOSTILE_NAME)}"`);
    await rig.page.locator("#details", { hasText: HOSTILE_NAME }).waitFor();
    await exact(rig, "message 1199").waitFor();
    await rig.page.getByRole("button", { name: "Close the details" }).click();
    assert.equal(new URL(rig.page.url()).hash, "#/feed");
  },
);

test("after a restart of the server no row is missing and none is there twice", OPTIONS, async (t) => {
  const rig = await openRig(t, { ...seed(...messages(0, 5)), expected: /WebSocket|ERR_CONNECTION_REFUSED/ });
  await rig.open("#/feed");
  await row(rig, "message 4").waitFor();
  await rig.stopServer();
  await rig.page.locator("#connection.bad").waitFor();
  await rig.write("messages", ...messages(5, 15));
  await rig.startServer();
  await rig.page.locator("#connection.good").waitFor();
  await rig.write("messages", message(15));
  await row(rig, "message 15").waitFor();
  const shown = await rig.page.locator(".feed-list .row .text").allTextContents();
  assert.deepEqual(
    shown,
    Array.from({ length: 16 }, (_, n) => `message ${n}`),
  );
});

test("filters stand in the address and hold after a reload and for what comes", OPTIONS, async (t) => {
  const rig = await openRig(
    t,
    seed(message(1), message(2, { threadId: 9, model: "opus" }), message(3, { direction: "out" })),
  );
  await rig.open("#/feed");
  await row(rig, "message 3").waitFor();
  await rig.page.getByLabel("Thread", { exact: true }).selectOption("9");
  await until(rig.page, "one row", `document.querySelectorAll(".feed-list .row").length === 1`);
  assert.match(rig.page.url(), /thread=9/);
  await rig.open(`#/feed?thread=5&direction=in&q=MESSAGE`);
  await row(rig, "message 1").waitFor();
  assert.equal(await rig.page.locator(".feed-list .row").count(), 1);
  assert.equal(await rig.page.getByLabel("Direction").inputValue(), "in");
  assert.equal(await rig.page.getByLabel("Text in the message").inputValue(), "MESSAGE");
  await rig.write("messages", message(4, { direction: "out" }), message(5));
  await row(rig, "message 5").waitFor();
  assert.equal(await row(rig, "message 4").count(), 0);
  await rig.page.getByLabel("Text in the message").fill("nothing of the kind");
  await rig.page.getByText("No message passes these filters.").waitFor();
  await rig.page.getByRole("button", { name: "Clear the filters" }).click();
  await row(rig, "message 2").waitFor();
});

test("axe-core finds nothing in the feed, wide and dark, narrow and light", OPTIONS, async (t) => {
  const rig = await openRig(t, seed(...messages(0, 60), message(61, { direction: "out", model: "haiku" })));
  await rig.open("#/feed");
  await row(rig, "message 61").click();
  await rig.page.locator("#details pre").waitFor();
  await rig.assertAccessible();
  await rig.page.emulateMedia({ colorScheme: "light" });
  await rig.page.setViewportSize({ width: 390, height: 800 });
  await rig.page.locator(".feed-list .tall").waitFor();
  await rig.assertAccessible();
  assert.ok(await rig.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits");
});
