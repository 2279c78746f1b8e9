import assert from "node:assert/strict";
import { test } from "node:test";
import { noBrowser, openRig, until } from "./rig.ts";
import type { Files } from "./rig.ts";

const NOON = Date.UTC(2026, 1, 10, 12);
const HOSTILE = `"><img src=x onerror=alert(1)> \u202Egnp\u001B[31m`;

function prompt(n: number, text: string, more: object = {}): object {
  return {
    timestamp: NOON + n * 60_000,
    threadId: 5,
    messageId: `m-${n}`,
    sessionId: "s-1",
    model: "sonnet",
    systemPrompt: "You are the agent of the topic.",
    userMessage: `the message ${n}`,
    prompt: text,
    historyInjected: false,
    historyLines: 0,
    promptLength: text.length,
    ...more,
  };
}

const FOCUSED_LINE = `document.activeElement.querySelector(".number")?.textContent`;

/** Lines of about 111 KB, each with its number, some of them with other words. */
function lines(change: (n: number) => boolean): string {
  const text = (n: number): string => (change(n) ? "quite different words" : "the usual words here");
  return Array.from(
    { length: 1400 },
    (_, n) => `line ${n} tells the agent of this topic ${text(n)}, and then it ends .`,
  ).join("\n");
}

async function seed(files: Files): Promise<void> {
  await files.put("threads.json", { 5: { name: HOSTILE }, 7: { name: "Payments" } });
  await files.write(
    "prompts",
    prompt(1, "short"),
    prompt(2, "x".repeat(4000), { historyInjected: true, historyLines: 12 }),
    prompt(3, "y".repeat(2000), { threadId: 7 }),
    prompt(
      8,
      lines(() => false),
    ),
    prompt(9, `${lines((n) => n % 100 === 50)}\nand one line more\n`),
  );
  await files.write("messages", { timestamp: NOON, threadId: 5, messageId: "m-2", direction: "in", message: "hello" });
  await files.write(
    "activity",
    { timestamp: NOON, threadId: 5, messageId: "m-2", kind: "turn_start" },
    { timestamp: NOON, threadId: 5, messageId: "m-2", kind: "tool_start", tool: "Bash", toolUseId: "u", detail: "ls" },
    { timestamp: NOON, threadId: 5, messageId: "m-2", kind: "tool_end", tool: "Bash", toolUseId: "u", ms: 12 },
  );
}

test("the longest prompt has the longest bar, and history is marked", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t, { seed });
  await open("#/prompts?q=topic");
  await page.locator(".row").first().waitFor();
  await page.getByLabel("Text").fill("");
  await until(page, "all rows", `document.querySelectorAll('.row').length === 5`);
  const widths = `[...document.querySelectorAll(".length-bar span")].map((bar) => bar.getBoundingClientRect().width)`;
  await until(
    page,
    "the longest bar at the longest prompt",
    `Math.max(...${widths}) === ${widths}[4] && ${widths}[4] > 0`,
  );
  const longest = await page.evaluate<number>(`${widths}[4]`);
  assert.equal(await page.locator(".row").nth(1).locator(".c-history").textContent(), "history 12");
  assert.match(
    (await page.locator(".prompts-chart svg").getAttribute("aria-label")) ?? "",
    /^Length of 5 prompts .* longest/,
  );
  await write("prompts", prompt(10, "z".repeat(300_000)));
  await until(page, "the new row", `document.querySelectorAll('.row').length === 6`);
  await until(page, "the bar narrower than half of what it was", `${widths}[4] < ${longest} / 2`);
});

test("a list sorted by length begins at its top, whatever comes", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t);
  await write("prompts", ...Array.from({ length: 300 }, (_, n) => prompt(n, "x".repeat(10 + n))));
  await open("#/prompts?sort=length&dir=desc");
  await page.locator(".row").filter({ hasText: "m-299" }).waitFor();
  await write("prompts", prompt(400, "x".repeat(5000)));
  await page.locator(".row").filter({ hasText: "m-400" }).waitFor();
  assert.equal(await page.evaluate("document.querySelector('.virtual').scrollTop"), 0);
});

test(
  "a prompt opened shows its texts when they are asked for, and the way to the rest",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await open("#/prompts?messageId=m-2");
    const details = page.locator("#details");
    await details.getByText("User message").waitFor();
    assert.ok(!asked.some((path) => /^\/api\/prompts\/(?!recent)/.test(path)), "no text is asked for yet");
    await details.getByText("User message").click();
    await details.locator(".longtext").filter({ hasText: "the message 2" }).waitFor();
    await details.getByText("System prompt").click();
    await details.locator(".longtext").filter({ hasText: "You are the agent" }).waitFor();
    assert.equal(
      asked.filter((path) => /^\/api\/prompts\/(?!recent)/.test(path)).length,
      1,
      "asked once for all three",
    );
    assert.match(
      (await details.getByRole("link", { name: "Message", exact: true }).getAttribute("href")) ?? "",
      /^#\/feed\?at=/,
    );
    await details.getByRole("button", { name: "activity" }).click();
    await details.getByText("Bash").waitFor();
  },
);

test("two prompts marked with d are compared, word for word", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { seed });
  await open("#/prompts");
  await until(page, "all rows", `document.querySelectorAll('.row').length === 5`);
  const list = page.locator(".virtual");
  await list.press("End");
  await list.press("d");
  await page.locator(".row .badge.accent").waitFor();
  await list.press("k");
  await list.press("d");
  await page.locator(".diff .pair").first().waitFor();
  assert.match(page.url(), /a=[^&]+&b=/);
  // The later one was marked first.
  await page.getByRole("link", { name: "Swap" }).click();
  await page.locator(".compare-heads p").first().filter({ hasText: "m-8" }).waitFor();
  await until(page, "all is drawn", `document.querySelectorAll('.diff .changed').length === 16`);
  const first = page.locator(".diff .changed").first();
  assert.equal(await first.locator(".number.old").textContent(), "51");
  assert.deepEqual((await first.locator("del").allTextContents()).join(" ").split(/\s+/), ["the", "usual", "here"]);
  assert.deepEqual((await first.locator("ins").allTextContents()).join(" ").split(/\s+/), ["quite", "different"]);
  const view = page.locator("#view");
  await view.press("n");
  await view.press("n");
  assert.equal(await page.evaluate(FOCUSED_LINE), "151");
  await view.press("N");
  assert.equal(await page.evaluate(FOCUSED_LINE), "51");
});

test("lines that are the same are left out until they are asked for", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { seed, expected: /404/ });
  await open("#/prompts?a=m-8&b=m-9");
  await page.getByRole("button", { name: "47 lines are the same: show" }).click();
  await until(page, "the lines before", `document.querySelector(".diff .number")?.textContent === "1"`);
  const numbers = await page.locator(".diff .number.old").allTextContents();
  const shown = Array.from({ length: 54 }, (_, n) => n + 1);
  assert.deepEqual(numbers.slice(0, 54).map(Number), shown, "from the first line to the end of the first difference");
  await open("#/prompts?a=m-8&b=m-8");
  await page.getByText("The two prompts are the same").waitFor();
  await open("#/prompts?a=m-8&b=none");
  await page.getByRole("button", { name: "Try again" }).waitFor();
});

test("two prompts of 111 KB are drawn within 300 ms of the answer", { skip: noBrowser }, async (t) => {
  const { page, url, open, write } = await openRig(t);
  const all = lines(() => false);
  await write("prompts", prompt(1, all), prompt(2, all.replaceAll("line", "row")));
  await open("#/prompts");
  // The first comparison loads what compares.
  await fetch(`${url}/api/prompts/diff?a=m-1&b=m-2`);
  const took = await page.evaluate<number>(`(async () => {
    location.hash = "#/prompts?a=m-1&b=m-2";
    while (document.querySelectorAll(".diff .changed").length < 1400) await new Promise(requestAnimationFrame);
    const answer = performance.getEntriesByType("resource").findLast(({ name }) => name.includes("/diff"));
    return performance.now() - answer.responseEnd;
  })()`);
  t.diagnostic(`${Math.round(took)} ms`);
  // A machine under load is given more; the bench holds it to 300 ms.
  assert.ok(took < 10_000, `${took} ms`);
});

test("hostile texts of a megabyte appear as text", { skip: noBrowser }, async (t) => {
  const { page, open, write, assertAccessible } = await openRig(t, { width: 390 });
  const long = `${HOSTILE}\n${"<b>".repeat(250_000)}`;
  await write(
    "prompts",
    prompt(1, long),
    prompt(2, `${HOSTILE} other\n${"<i>".repeat(200_000)}`),
    {
      timestamp: "x",
      threadId: [],
      messageId: {},
      promptLength: "big",
      historyInjected: true,
      historyLines: HOSTILE,
      model: 5,
    },
    { raw: HOSTILE },
  );
  await open("#/prompts");
  await until(page, "the rows", `document.querySelectorAll('.row').length === 4`);
  await page.locator(".row").nth(2).click();
  await page.locator("#details h2").waitFor();
  await assertAccessible();
  await open("#/prompts?messageId=m-1");
  await page
    .locator("#details summary")
    .filter({ hasText: /^Prompt$/ })
    .click();
  await until(
    page,
    "the whole text",
    `[...document.querySelectorAll("#details .piece")].map((piece) => piece.textContent).join("").length > ${long.length - 100}`,
  );
  await open("#/prompts?a=m-1&b=m-2");
  await page.locator(".diff .changed").first().waitFor();
  assert.match(
    (await page.locator(".diff .line.old").first().textContent()) ?? "",
    /<img src=x onerror=alert\(1\)> ⟨202e⟩gnp⟨001b⟩/,
  );
  assert.equal(await page.locator("main img, aside img").count(), 0);
});

test("axe finds nothing in the list and in a comparison", { skip: noBrowser }, async (t) => {
  for (const theme of ["dark", "light"] as const) {
    const { page, open, assertAccessible } = await openRig(t, { seed, theme });
    await open("#/prompts?messageId=m-2");
    await page.locator("#details summary").first().click();
    await page.locator("#details .longtext").waitFor();
    await assertAccessible();
    await open("#/prompts?a=m-1&b=m-2");
    await page.locator(".diff .changed").first().waitFor();
    await assertAccessible();
  }
});
