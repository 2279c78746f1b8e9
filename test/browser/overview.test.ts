import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { noBrowser, openRig, until } from "./rig.ts";
import type { Files, Rig } from "./rig.ts";
import { activity, HOSTILE_NAME, message, NOW, supervisor, THREADS } from "./support.ts";

const OPTIONS = { skip: noBrowser, timeout: 60_000 };

async function seed(files: Files): Promise<void> {
  await files.put("threads.json", THREADS);
  await files.put("status/supervisor.json", supervisor());
  await files.write("messages", message(1, { timestamp: NOW - 1000 }), message(2, { timestamp: NOW - 7_200_000 }));
  const usage = { inputTokens: 10, outputTokens: 5 };
  await files.write("activity", activity("u1", "turn_end", { costUsd: 1.25, usage }));
  await files.put("queue/incoming/00.json", { message: "waits" });
  await files.put(
    "queue/dead-letter/01.json",
    `${JSON.stringify({ threadId: 5, sender: "Tester", message: "<b>lost</b>" })}\n`,
  );
  await files.put("queue/dead-letter/01.json.why", { reason: "The agent failed five times." });
  await files.put("queue/corrupt/half.json", `{"half`);
}

const cells = async (rig: Rig, table: string, first: string): Promise<string[]> => {
  const row = rig.page.locator(`table[aria-label="${table}"] tbody tr`, { hasText: first });
  await row.first().waitFor();
  return row.locator("td").allTextContents();
};
const pastOf = async ({ url }: Rig): Promise<{ timestamp: number[] }> =>
  (await (await fetch(`${url}/api/metrics/history?step=1`)).json()) as { timestamp: number[] };
const figure = (rig: Rig, title: string) =>
  rig.page.locator("li.card", { has: rig.page.getByRole("heading", { name: title, exact: true }) }).locator(".figure");

test("services, workers with restarts and last error, broker and agents are told as they are", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  await rig.page.getByText("queue worker").waitFor();
  assert.deepEqual((await cells(rig, "Services", "bot")).slice(0, 2), ["bot", "up"]);
  const queue = await cells(rig, "Services", "queue worker");
  assert.deepEqual([queue[1], queue[3]], ["running", "3"]);
  assert.match(queue[4] ?? "", /Last error: out of memory/);
  assert.deepEqual((await cells(rig, "Services", "broker")).toSpliced(2, 1), [
    "broker",
    "degraded",
    "",
    "GitHub is slow",
  ]);
  const agent = await cells(rig, "Agents", "API");
  assert.deepEqual([agent[1], agent[3]], ["running", "300 MiB"]);
  assert.equal((await cells(rig, "Agents", "img"))[3], "–", "what is not known is not 0");
});

test("what changes is shown without a reload, and focus stays where it is", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  const link = rig.page.locator('table[aria-label="Threads"] a', { hasText: "General" });
  await link.focus();
  await rig.put("status/supervisor.json", supervisor({ agents: [], broker: { state: "ok", checkedAt: 1 } }));
  await rig.page.getByText("No agent is running").waitFor();
  await rig.put("queue/incoming/02.json", { message: "waits too" });
  await until(rig.page, "two wait", `[...document.querySelectorAll(".figure")].some((one) => one.textContent === "2")`);
  assert.equal(await rig.page.evaluate("document.activeElement.textContent"), "General");
});

test("a bot that has gone, or never was, is said so", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: (files) => files.put("threads.json", {}) });
  await rig.open("#/overview");
  await rig.page.getByText("No bot has written its state here yet").waitFor();
  await rig.page.getByText("No thread yet").waitFor();
  await rig.put("status/supervisor.json", supervisor({ timestamp: NOW - 60_000 }));
  await rig.page.getByText("The bot is not running").waitFor();
});

test("the host's cards have a figure and a line each; what the host does not tell is hidden", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  await until(
    rig.page,
    "a line of several samples",
    `document.querySelector(".spark-line")?.getAttribute("d")?.includes("L")`,
  );
  assert.match((await figure(rig, "Memory").textContent()) ?? "", /^\d+(\.\d)? %$/);
  assert.match((await figure(rig, "Uptime").textContent()) ?? "", /min|h|d|s/);
  for (const shown of await rig.page.locator("li.card:visible .figure").allTextContents()) assert.notEqual(shown, "–");
});

test("the line of a card begins with the minute before the page was opened", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await eventually("some samples", async () => ((await pastOf(rig)).timestamp.length >= 4 ? true : undefined));
  await rig.open("#/overview");
  await until(
    rig.page,
    "three samples or more at once",
    `(document.querySelector(".spark-line")?.getAttribute("d")?.match(/L/g) ?? []).length >= 2`,
  );
  const past = await pastOf(rig);
  await until(
    rig.page,
    `some ${past.timestamp.length} samples`,
    `(document.querySelector(".spark-line")?.getAttribute("d")?.match(/[ML]/g) ?? []).length >= ${past.timestamp.length - 2}`,
  );
});

test("threads come with session, agent, messages and cost, and names are text", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  await rig.page.getByText("$1.25").waitFor();
  const api = await cells(rig, "Threads", "API");
  assert.deepEqual(api.toSpliced(5, 1), ["API", "idle", "running", "sonnet", "auto", "session-…", "2", "$1.25"]);
  const hostile = await cells(rig, "Threads", "img");
  assert.deepEqual(hostile.slice(0, 5), [HOSTILE_NAME, "closed", "idle", "opus", "opus"]);
  await figure(rig, "Messages, last hour").filter({ hasText: /^1$/ }).waitFor();
  await figure(rig, "Messages, last day").filter({ hasText: /^2$/ }).waitFor();
  await rig.page.locator('table[aria-label="Threads"] a', { hasText: "API" }).click();
  await until(rig.page, "the thread", `location.hash === "#/thread/5"`);
});

test("totals that the server is still counting are asked for again until it has", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  let asked = 0;
  await rig.page.route("**/api/threads/5", async (route) => {
    asked += 1;
    if (asked > 2) await route.fallback();
    else await route.fulfill({ json: { totals: {}, counting: true } });
  });
  await rig.open("#/overview");
  await rig.page.getByText("$1.25").waitFor();
  assert.ok(asked >= 3);
});

test("the totals of many threads are asked for one after the other", OPTIONS, async (t) => {
  const threads = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [n + 1, { name: `t${n}`, lastActive: n }]));
  const rig = await openRig(t, { seed: (files) => files.put("threads.json", threads) });
  await rig.page.addInitScript(`{
    globalThis.totals = { asked: 0, open: 0, most: 0 };
    const ask = fetch;
    globalThis.fetch = async (...request) => {
      if (!/\\/api\\/threads\\/\\d/.test(String(request[0]))) return ask(...request);
      totals.asked += 1;
      totals.open += 1;
      totals.most = Math.max(totals.most, totals.open);
      return ask(...request).finally(() => (totals.open -= 1));
    };
  }`);
  await rig.open("#/overview");
  await rig.page.getByText("50 more were active longer ago").waitFor();
  await until(rig.page, "some are asked for", "totals.asked >= 4");
  assert.equal(await rig.page.evaluate("totals.most"), 1);
});

test("dead letters are one click away, with their reasons, and open whole, also by address", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  await figure(rig, "Incoming").filter({ hasText: /^1$/ }).waitFor();
  await rig.page.getByRole("link", { name: "Dead letters" }).click();
  await rig.page.getByText("The agent failed five times.").waitFor();
  assert.match(rig.page.url(), /#\/overview\/dead-letter$/);
  await rig.page.getByRole("button", { name: "01.json" }).click();
  await rig.page.locator("#details pre", { hasText: "<b>lost</b>" }).first().waitFor();
  await rig.open(new URL(rig.page.url()).hash);
  await rig.page.locator("#details pre", { hasText: "<b>lost</b>" }).first().waitFor();
  await rig.put("queue/dead-letter/03.json", { message: "one more" });
  await rig.page.getByText("one more").waitFor();
});

test("corrupt files are one click away, and their absence is said", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/overview");
  await rig.page.getByRole("link", { name: "Corrupt files" }).click();
  assert.match((await cells(rig, "Corrupt files", "half.json")).join("|"), /No reason was left beside it\.\|\{"half/);
  const empty = await openRig(t, {});
  await empty.open("#/overview/corrupt");
  await empty.page.getByText("No corrupt file.").waitFor();
});

test("axe-core finds nothing in the overview and its lists, wide and dark, narrow and light", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed });
  for (const [hash, seen] of [
    ["#/overview", "$1.25"],
    ["#/overview/dead-letter", "01.json"],
  ] as const) {
    await rig.page.emulateMedia({ colorScheme: "dark" });
    await rig.page.setViewportSize({ width: 1280, height: 800 });
    await rig.open(hash);
    await rig.page.getByText(seen).first().waitFor();
    await rig.assertAccessible();
    await rig.page.emulateMedia({ colorScheme: "light" });
    await rig.page.setViewportSize({ width: 390, height: 800 });
    await rig.assertAccessible();
    assert.ok(await rig.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits");
  }
});
