import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser, openRig } from "./rig.ts";

/** What the first chart shows, as a picture. */
function picture(page: Page): Promise<string> {
  return page
    .locator(".chart canvas")
    .first()
    .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
}

test(
  "the host's figures are drawn and told in a table, live, and what it does not tell is left out",
  { skip: noBrowser },
  async (t) => {
    const { page, open, assertAccessible } = await openRig(t);
    await open("#/system");
    await page.locator(".chart canvas").first().waitFor();
    const first = await picture(page);
    await page.getByRole("img", { name: /^CPU over time; now busy \d/ }).waitFor();
    await page.getByRole("rowheader", { name: "Load, 1 · 5 · 15 min" }).waitFor();
    await page.getByRole("meter", { name: "Core 0" }).waitFor();
    // No container runs here, and there is nothing to say of one.
    assert.equal(await page.getByText("Container bot up").count(), 0);
    assert.equal(await page.getByText("null").count(), 0);
    await assert.doesNotReject(async () => {
      for (let tries = 0; (await picture(page)) === first; tries += 1) {
        assert.ok(tries < 100, "the chart goes on");
        await page.waitForTimeout(100);
      }
    });
    await assertAccessible();
  },
);

test("the charts take the colours of the theme and the width of the window", { skip: noBrowser }, async (t) => {
  const { page, open, assertAccessible } = await openRig(t, { theme: "light" });
  await open("#/system");
  const canvas = page.locator(".chart canvas").first();
  await canvas.waitFor();
  const colours = (): Promise<string> =>
    page.evaluate<string>(`(() => {
      const canvas = document.querySelector(".chart canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add([data[at], data[at + 1], data[at + 2]].join());
      return [...seen].join(" ");
    })()`);
  // --line of each theme, of which the grid is.
  assert.ok((await colours()).includes("211,217,226"));
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.locator('html[data-theme="dark"] .chart canvas').first().waitFor();
  assert.ok((await colours()).includes("48,58,71"));
  const wide = (await canvas.boundingBox())?.width ?? 0;
  await page.setViewportSize({ width: 390, height: 800 });
  for (let tries = 0; ((await canvas.boundingBox())?.width ?? 0) >= wide; tries += 1) {
    assert.ok(tries < 100, "the chart becomes narrower");
    await page.waitForTimeout(50);
  }
  assert.ok(((await canvas.boundingBox())?.width ?? 0) <= 390);
  assert.equal(
    await page.evaluate<number>(
      "document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth",
    ),
    0,
  );
  await assertAccessible();
});

test("an hour or a day stands in the address", { skip: noBrowser }, async (t) => {
  const { page, open } = await openRig(t);
  await open("#/system?range=day");
  await page.locator('a[aria-current="true"]', { hasText: "a day" }).waitFor();
  await page.locator("main").focus();
  await page.keyboard.press("r");
  await page.locator('a[aria-current="true"]', { hasText: "an hour" }).waitFor();
  assert.match(page.url(), /range=hour$/);
  await page.locator(".chart canvas").first().waitFor();
});
