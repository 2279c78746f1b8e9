import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_RULES, route } from "../../src/workers/router/router.ts";
import type { Model } from "../../src/core/ids.ts";
import { noBrowser, openRig, until } from "./rig.ts";
import type { Files } from "./rig.ts";

const NOON = Date.UTC(2026, 1, 10, 12);
const HOSTILE = `"><img src=x onerror=alert(1)> \u202Egnp\u001B[31m`;
const TEXTS = [
  "hi",
  "Analyze the root cause of the deadlock step by step, and prove the algorithm with the async function",
  "Please update the docs",
  "Write a poem about TCP",
];

function decision(n: number, input: string, more: object = {}, replyToModel?: Model): object {
  const scored = route({ text: input, replyToModel });
  return { timestamp: NOON + n * 60_000, threadId: 5, messageId: `m-${n}`, input, ...scored, ...more };
}

async function seed(files: Files): Promise<void> {
  await files.put("threads.json", { 5: { name: HOSTILE }, 7: { name: "Payments" } });
  const texts = Array.from({ length: 40 }, (_, n) => TEXTS[n % TEXTS.length] ?? "");
  await files.write("routing", ...texts.map((input, n) => decision(n, input, n >= 20 ? { threadId: 7 } : {})));
}

test("a decision opened shows all dimensions, the boundaries and the text", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { seed });
  await open("#/routing?messageId=m-1");
  const details = page.locator("#details");
  await details.locator("h3").filter({ hasText: "Dimensions" }).waitFor();
  assert.equal(await details.locator(".dimensions tbody tr").count(), 14);
  const row = details.locator(".dimensions tbody tr").filter({ hasText: "reasoningMarkers" });
  assert.match(await row.innerText(), /root cause.*0\.1800\s+1\.00 × 0\.18/s);
  const negative = details.locator(".dimensions .lowers");
  assert.equal(await negative.count(), 1, "a short text lowers the score");
  assert.match(await details.innerText(), /MEDIUM from 0, COMPLEX from 0\.3/);
  assert.equal(await details.locator(".longtext").innerText(), TEXTS[1]);
  assert.equal(await details.getByRole("link", { name: "Prompt" }).getAttribute("href"), "#/prompts?messageId=m-1");
});

test("filters, order and the open row come back after a reload", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { seed });
  await open("#/routing");
  await page.locator(".row").first().waitFor();
  await page.getByRole("combobox", { name: "Thread" }).selectOption("7");
  await until(page, "only the thread's rows", `document.querySelectorAll('.row').length === 20`);
  await page.getByRole("combobox", { name: "Tier" }).selectOption("SIMPLE");
  await until(
    page,
    "only the tier's rows",
    `document.querySelector(".row") !== null && [...document.querySelectorAll(".row .c-tier")].every((cell) => cell.textContent === "SIMPLE")`,
  );
  await page.getByRole("button", { name: "score" }).click();
  await page.locator(".row").first().click();
  await page.locator("#details h2").waitFor();
  const simple = 5 * TEXTS.filter((text) => route({ text }).tier === "SIMPLE").length;
  await until(page, "the tier's rows", `document.querySelectorAll(".row").length === ${simple}`);
  const [address, before] = [page.url(), await page.locator(".row").allInnerTexts()];
  assert.match(address, /thread=7.*tier=SIMPLE.*sort=score&dir=desc&at=/);
  await page.reload();
  await page.locator("#details .dimensions").waitFor();
  await until(page, "the tier's rows again", `document.querySelectorAll(".row").length === ${simple}`);
  assert.deepEqual(await page.locator(".row").allInnerTexts(), before);
  assert.equal(page.url(), address);
});

test("rows between two times are shown, and none that comes later", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t, { seed });
  await open(`#/routing?from=${NOON + 5 * 60_000}&to=${NOON + 9 * 60_000}`);
  await until(page, "five rows", `document.querySelectorAll('.row').length === 5`);
  await open(`#/routing?from=${NOON + 38 * 60_000}`);
  await until(page, "two rows", `document.querySelectorAll('.row').length === 2`);
  await write("routing", decision(1, "an old one that is written late"), decision(41, "a new one"));
  await page.locator(".row").filter({ hasText: "a new one" }).waitFor();
  assert.equal(await page.locator(".row").count(), 3);
});

test("what comes is shown, and while it is held it is counted", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t, { seed });
  await open("#/routing");
  await page.locator(".row").first().waitFor();
  await write("routing", decision(50, "the first that came"));
  await page.locator(".row").filter({ hasText: "the first that came" }).waitFor();
  await page.locator("#view").press("f");
  await write("routing", decision(51, "the second that came"));
  await page.getByRole("button", { name: "Held: 1 new" }).click();
  await page.locator(".row").filter({ hasText: "the second that came" }).waitFor();
});

test("the what-if says which decisions another boundary changes", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t, { seed });
  await write("routing", { timestamp: NOON, threadId: 5, messageId: "bare", tier: "SIMPLE" });
  await open("#/routing");
  await page.locator(".row").first().waitFor();
  await page.locator("#view").press("w");
  const verdict = page.locator(".summary strong");
  await verdict.filter({ hasText: /^0 of 40 / }).waitFor();
  await page.getByLabel("least confidence").fill("0");
  const changed = TEXTS.filter((text) => {
    return route({ text }).tier !== route({ text }, { ...DEFAULT_RULES, minConfidence: 0 }).tier;
  }).length;
  assert.ok(changed > 0, "there is something to change");
  const expected = `${changed * 10} of 40 decisions would change their tier`;
  await page.locator(".summary strong").filter({ hasText: expected }).waitFor();
  await until(
    page,
    "the rows",
    `document.querySelectorAll(".row").length === ${changed * 10} &&
      [...document.querySelectorAll(".row")].every((row) => row.textContent.includes(" → "))`,
  );
  assert.match(await page.locator(".summary").innerText(), /1 without a text/);
  await page.reload();
  await verdict.filter({ hasText: expected }).waitFor();
  await page.getByLabel("A text").fill("Analyze step by step, prove the theorem; then refactor the async function");
  await page.locator(".tried .badge").waitFor();
  assert.match(await page.locator(".tried").innerText(), /score \d\.\d+, confidence/);
});

test(
  "what a thread was set to and a reply that raised the model stay in the what-if",
  { skip: noBrowser },
  async (t) => {
    const { page, open, write } = await openRig(t);
    const sure = TEXTS[1] ?? "";
    await write(
      "routing",
      decision(1, "hi", {}, "opus"),
      decision(2, "hi", { effectiveModel: "haiku", model: "haiku" }),
      decision(3, sure, { effectiveModel: "haiku" }),
    );
    await open("#/routing?whatif=1&all=1&medium=-1&complex=-0.5");
    await page.locator(".summary strong").filter({ hasText: "3 of 3 decisions would change their tier" }).waitFor();
    const model = page.locator(".row .c-model");
    assert.deepEqual(await model.allInnerTexts(), [
      "haiku ⇒ opus",
      "haiku → opus",
      `${route({ text: sure }).model} ⇒ haiku`,
    ]);
  },
);

test("hostile lines and texts appear as text", { skip: noBrowser }, async (t) => {
  const { page, open, files, assertAccessible } = await openRig(t, { seed, width: 390 });
  await files.write(
    "routing",
    decision(41, HOSTILE.repeat(3)),
    decision(42, "x ".repeat(400_000)),
    {
      timestamp: 1e300,
      threadId: {},
      messageId: 7,
      tier: ["x"],
      score: "9",
      dimensions: [1, null, { signal: HOSTILE }],
      model: HOSTILE,
    },
    { raw: HOSTILE, reason: {} },
  );
  await open("#/routing");
  await page.getByText("44 decisions loaded").waitFor();
  for (let n = 0; n < 4; n += 1) {
    await page.locator(".virtual").press(n === 0 ? "End" : "k");
    await page.locator(".virtual").press("Enter");
    await page.locator("#details h2").waitFor();
  }
  await page.locator("#details .longtext").filter({ hasText: "<img src=x onerror=alert(1)>" }).waitFor();
  assert.match(await page.locator("#details .longtext").innerText(), /⟨202e⟩gnp⟨001b⟩\[31m/);
  assert.equal(await page.locator("main img, aside img").count(), 0);
  await assertAccessible();
});

test("axe finds nothing in the table with the what-if and the details", { skip: noBrowser }, async (t) => {
  for (const theme of ["dark", "light"] as const) {
    const { page, open, assertAccessible } = await openRig(t, { seed, theme });
    await open("#/routing?whatif=1&sure=0&messageId=m-1&text=hi");
    await page.locator("#details .dimensions").waitFor();
    await page.locator(".row").first().waitFor();
    await page.locator(".tried summary").click();
    await assertAccessible();
  }
});
