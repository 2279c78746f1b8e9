import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser, openRig } from "./rig.ts";
import type { Files } from "./rig.ts";

const START = Date.now() - 3_600_000;
const HOSTILE = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;

/** Line n of 600 of the queue's log, a second apart; every hundredth is an error, every fiftieth a warning. */
function line(n: number): object {
  const level = n % 100 === 0 ? 50 : n % 50 === 0 ? 40 : 30;
  const msg = n % 100 === 0 ? "message buried" : n % 50 === 0 ? "goes back to its place" : "message claimed";
  return { level, time: START + n * 1_000, source: "queue", threadId: (n % 7) + 1, messageId: `u${n}`, n, msg };
}

async function seed(files: Files): Promise<void> {
  await files.write("logs/queue", ...Array.from({ length: 600 }, (_, n) => line(n)));
  const telegram = Array.from({ length: 6 }, (_, n) => ({
    level: 30,
    time: START + n * 100_000 + 500,
    source: "telegram",
    n,
    msg: `polled ${n}`,
  }));
  await files.write("logs/telegram", ...telegram);
}

/** The texts of the rows in sight, from top to bottom. */
function texts(page: Page): Promise<string[]> {
  return page
    .locator(".log-row")
    .evaluateAll((rows) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute("aria-posinset")) - Number(b.getAttribute("aria-posinset")))
        .map((row) => row.querySelector(".text")?.textContent ?? ""),
    );
}

function row(page: Page, text: string): ReturnType<Page["locator"]> {
  return page.locator(".log-row", { hasText: text });
}

function chosen(page: Page): ReturnType<Page["locator"]> {
  return page.locator('.log-row[aria-selected="true"] .text');
}

async function search(page: Page, text: string): Promise<void> {
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill(text);
  await page.keyboard.press("Enter");
  await page.locator("main").focus();
}

async function state(page: Page, expected: RegExp): Promise<void> {
  await page.locator(".log-state", { hasText: expected }).waitFor();
}

test(
  "logs are interleaved by their times, and new lines appear as they are written",
  { skip: noBrowser },
  async (t) => {
    const { page, open, write } = await openRig(t, { seed });
    await open("#/logs");
    await row(page, "n=599").waitFor();
    const before = await texts(page);
    await write("logs/telegram", { level: 30, time: START + 600_500, msg: "from telegram" });
    await row(page, "from telegram").waitFor();
    await write("logs/queue", { level: 60, time: START + 600_700, msg: "from the queue" });
    await row(page, "from the queue").waitFor();
    const after = await texts(page);
    assert.ok(before.at(-1)?.includes("n=599"));
    assert.deepEqual(after.slice(-3), [before.at(-1), "from telegram", "from the queue"]);
    await page.getByRole("link", { name: "telegram", exact: true }).click();
    await row(page, "polled 5").waitFor();
    assert.equal(await row(page, "n=599").count(), 0);
    await page.locator(".log-row .log-level", { hasText: "info" }).first().waitFor();
  },
);

test(
  "the search takes texts, phrases, expressions, levels, threads and -, and stands in the address",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    await open("#/logs/queue");
    const cases: [search: string, lines: number, sample: string][] = [
      ["level:error", 6, "message buried"],
      ["level:>=warn", 12, "goes back"],
      ['"back to its" -messageId:u50', 5, "n=150"],
      ["/^message BURIED.*n=[13]00$/i", 2, "n=300"],
      ["level:error thread:3", 1, "n=100"],
      ["-claimed -buried", 6, "goes back"],
      ["messageId=u123", 1, "n=123"],
    ];
    for (const [text, lines, sample] of cases) {
      await search(page, text);
      await state(page, new RegExp(`^${lines} lines`));
      await row(page, sample).first().waitFor();
      assert.equal(new URLSearchParams(page.url().split("?")[1]).get("q"), text);
    }
    await page.locator(".log-row mark", { hasText: "u123" }).waitFor();
    await page.reload();
    await state(page, /^1 lines/);
    await search(page, `since:${Math.round((Date.now() - START) / 1_000) - 580}s`);
    await state(page, /^[12]\d lines/);
  },
);

test(
  "an expression that others never finish is answered at once, and one that is none says why",
  { skip: noBrowser },
  async (t) => {
    const { page, open, write } = await openRig(t, { seed });
    await write("logs/queue", { level: 30, time: START + 600_500, msg: `${"a".repeat(5_000)}b` });
    await open(`#/logs/queue?q=${encodeURIComponent("/(a+)+$/ -message")}`);
    await state(page, /^0 lines/);
    await search(page, "/(a+)+b/");
    await state(page, /^1 lines/);
    await search(page, "/(?=a)/");
    await page.locator("#log-error", { hasText: "ahead" }).waitFor();
    assert.equal(
      await page.getByRole("searchbox", { name: "Search", exact: true }).getAttribute("aria-invalid"),
      "true",
    );
    await search(page, "level:loud");
    await page.locator("#log-error", { hasText: "trace, debug" }).waitFor();
  },
);

test(
  "n and N, e and E, w and W go from line to line, also to one that is not loaded",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    await open("#/logs/queue?show=all&q=n%3D450");
    await row(page, "n=599").waitFor();
    await page.locator("main").focus();
    for (const [key, text] of [
      ["E", "n=500"],
      ["E", "n=400"],
      ["e", "n=500"],
      ["W", "n=450"],
      ["w", "n=550"],
      ["N", "n=450"],
    ] as const) {
      await page.keyboard.press(key);
      await chosen(page)
        .filter({ hasText: new RegExp(`${text}$`) })
        .waitFor();
    }
    for (const text of ["n=400", "n=300", "n=200", "n=100", "n=0"]) {
      await page.keyboard.press("E");
      await chosen(page)
        .filter({ hasText: new RegExp(`${text}$`) })
        .waitFor();
    }
    await page.keyboard.press("E");
    await page.locator("#announce", { hasText: "No earlier error in the log" }).waitFor({ state: "attached" });
  },
);

test(
  "while it is paused nothing moves, and what waits is counted until it is followed again",
  { skip: noBrowser },
  async (t) => {
    const { page, open, write } = await openRig(t, { seed });
    await open("#/logs/queue");
    await row(page, "n=599").waitFor();
    await page.keyboard.press("f");
    await page.locator('button[aria-pressed="false"]', { hasText: "Follow" }).waitFor();
    await write("logs/queue", line(601), line(602), line(603));
    await page.getByRole("button", { name: "Follow (3 wait)" }).waitFor();
    assert.equal(await row(page, "n=603").count(), 0);
    await page.keyboard.press("f");
    await row(page, "n=603").waitFor();
    await page.locator('button[aria-pressed="true"]', { hasText: /^Follow$/ }).waitFor();
    await page.locator(".virtual").evaluate((list) => list.scrollTo(0, list.scrollHeight / 2));
    await state(page, /paused/);
    await page.locator(".virtual").evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await state(page, /following/);
  },
);

test("older lines come by scrolling up, up to the first", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t, { seed });
  await open("#/logs/queue");
  await state(page, /^500 lines/);
  await row(page, "n=599").waitFor();
  await page.locator(".virtual").evaluate((list) => list.scrollTo(0, 0));
  await state(page, /^600 lines.*from the beginning on/);
  await page.locator(".virtual").evaluate((list) => list.scrollTo(0, 0));
  await row(page, "n=0").first().waitFor();
});

test(
  "a line opens whole, and its address shows it among its neighbours after a reload",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await open("#/logs?q=level:error");
    await row(page, "n=300").click();
    const details = page.locator("#details");
    await details.locator("pre", { hasText: '"messageId": "u300"' }).waitFor();
    await page.keyboard.press("y");
    await page.locator("#announce", { hasText: "The line is copied" }).waitFor({ state: "attached" });
    assert.deepEqual(JSON.parse(await page.evaluate<string>("navigator.clipboard.readText()")), line(300));
    await page.keyboard.press("Y");
    await page.locator("#announce", { hasText: "The address is copied" }).waitFor({ state: "attached" });
    const address = await page.evaluate<string>("navigator.clipboard.readText()");
    await open(address.slice(address.indexOf("#")));
    await chosen(page).filter({ hasText: "n=300" }).waitFor();
    await row(page, "polled 3").waitFor();
    const around = await texts(page);
    const at = around.findIndex((text) => text.endsWith("n=300"));
    assert.match(around[at - 1] ?? "", /n=299$/);
    assert.ok(around.slice(at + 1, at + 3).some((text) => text.endsWith("n=301")));
  },
);

test(
  "c shows all lines around the chosen one with the hits marked, and c again the hits alone",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    await open("#/logs/queue?q=buried");
    await state(page, /^6 lines/);
    await page.keyboard.press("N");
    await page.keyboard.press("N");
    await chosen(page).filter({ hasText: "n=400" }).waitFor();
    await page.keyboard.press("c");
    await row(page, "n=401").waitFor();
    await chosen(page).filter({ hasText: "n=400" }).waitFor();
    await page.locator(".log-row mark", { hasText: "buried" }).waitFor();
    await page.keyboard.press("c");
    await state(page, /^6 lines/);
    await chosen(page).filter({ hasText: "n=400" }).waitFor();
  },
);

test(
  "whole files are searched, what is found opens at its place, and the export has the filter",
  { skip: noBrowser },
  async (t) => {
    const { page, open } = await openRig(t, { seed });
    await open("#/logs/queue?q=u17");
    await state(page, /^11 lines/);
    await page.keyboard.press("s");
    const details = page.locator("#details");
    await details.getByText("11 lines found, that is all.").waitFor();
    await details.getByRole("link", { name: /n=171/ }).click();
    await chosen(page).filter({ hasText: "n=171" }).waitFor();
    assert.ok((await row(page, "n=180").count()) > 0);
    await search(page, "level:error");
    await state(page, /lines/);
    await page.getByRole("button", { name: "Export…" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      details.getByRole("link", { name: "queue.ndjson" }).click(),
    ]);
    const stream = await download.createReadStream();
    let text = "";
    for await (const part of stream) text += String(part);
    assert.deepEqual(
      text
        .trim()
        .split("\n")
        .map((one) => (JSON.parse(one) as { n: number }).n),
      [0, 100, 200, 300, 400, 500],
    );
  },
);

test("hostile, broken and huge lines appear as text", { skip: noBrowser }, async (t) => {
  const { page, open, write, put, assertAccessible } = await openRig(t);
  await write(
    "logs/queue",
    { level: 30, time: START, msg: HOSTILE, [HOSTILE]: HOSTILE, thread: "\u202egnp\u200b" },
    { level: 50, time: START + 1, msg: `${"y".repeat(1_000_000)} needle`, err: { stack: `Error\n    at ${HOSTILE}` } },
    { level: "odd", time: "no", msg: { a: [1, null] }, threadId: {} },
  );
  await put("logs/supervisor.log", `{"broken\n\u001b[31mred\u001b[0m plain \u001b]0;title\u0007\n[1,2]\n`);
  await open("#/logs");
  await row(page, HOSTILE).first().waitFor();
  assert.ok((await texts(page)).some((text) => text.includes("⟨202e⟩gnp⟨200b⟩")));
  await page.locator(".log-row .ansi-1", { hasText: "red" }).waitFor();
  await row(page, "⟨001b⟩]0;title⟨0007⟩").waitFor();
  assert.equal(await page.locator(".log-row img, .log-row script").count(), 0);
  await row(page, "yyyy").click();
  await page.locator("#details pre", { hasText: "needle" }).first().waitFor();
  await assertAccessible();
  await search(page, "needle");
  await page.locator(".log-row mark", { hasText: "needle" }).waitFor();
});

test("without lines and without hits the page says what to do", { skip: noBrowser }, async (t) => {
  const { page, open, write } = await openRig(t, { theme: "light", width: 390 });
  await open("#/logs");
  await page.getByText("There is no line yet.").waitFor();
  await write("logs/queue", line(1));
  await row(page, "n=1").waitFor();
  await search(page, "nowhere");
  await page.getByText("No line fits").waitFor();
  await page.getByRole("button", { name: "Clear the search" }).click();
  await row(page, "n=1").waitFor();
});

test("axe-core finds nothing in the logs, in either theme and width", { skip: noBrowser }, async (t) => {
  for (const [theme, width] of [
    ["dark", 1280],
    ["light", 390],
  ] as const) {
    const { page, open, assertAccessible } = await openRig(t, { seed, theme, width });
    await open("#/logs?q=message");
    await row(page, "n=599").waitFor();
    await assertAccessible();
    await page.getByRole("button", { name: "How to search" }).click();
    await assertAccessible();
  }
});

/** Compares the page's expressions with the browser's own, on patterns and texts that are put together by chance. */
const COMPARE = `(async () => {
  const { Regex } = await import("/regex.js");
  let seed = 11;
  const chance = (most) => (seed = (seed * 16807) % 2147483647) % most;
  const parts = ["a", "b", "c", "[ab]", "[^b]", "[a-c]", "\\b", "\\B", ".", "^", "$", "\\w", "\\s", "\\x61", " "];
  const signs = ["*", "+", "?", "{1,2}", "{2}", "{0,}", "*?"];
  const pattern = (depth) => {
    const kind = depth === 0 ? 0 : chance(10);
    if (kind < 4) return parts[chance(parts.length)];
    if (kind < 6) return pattern(depth - 1) + pattern(depth - 1);
    if (kind < 8) return "(" + pattern(depth - 1) + "|" + pattern(depth - 1) + ")";
    return "(?:" + pattern(depth - 1) + ")" + signs[chance(signs.length)];
  };
  const different = [];
  for (let n = 0; n < 6000; n += 1) {
    const source = pattern(4);
    let text = "";
    for (let left = chance(9); left > 0; left -= 1) text += "abcA d"[chance(6)];
    const flags = n % 2 === 0 ? "" : "i";
    if (new Regex(source, flags === "i").test(text) !== new RegExp(source, flags).test(text)) different.push([source, flags, text]);
  }
  return different;
})()`;

test("expressions find what the browser's own find", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t);
  await open("#/logs");
  assert.deepEqual(await page.evaluate<unknown>(COMPARE), []);
});
