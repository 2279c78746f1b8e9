import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser, openRig, until } from "./rig.ts";

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
    const { page, url, open, assertAccessible } = await openRig(t);
    await open("#/system");
    await page.locator(".chart canvas").first().waitFor();
    const first = await picture(page);
    await page.getByRole("img", { name: /^CPU over time; now busy \d/ }).waitFor();
    await page.getByRole("rowheader", { name: "Load, 1 · 5 · 15 min" }).waitFor();
    await page.getByRole("meter", { name: "Core 0" }).waitFor();
    // Of a container that does not run here there is nothing to say.
    const { containers } = (await (await page.request.get(`${url}/api/metrics`)).json()) as {
      containers: Record<string, number | null>;
    };
    for (const [name, up] of Object.entries(containers)) {
      if (up === null) assert.equal(await page.getByText(`Container ${name} up`).count(), 0);
    }
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

test(
  "each core is drawn over time in the theme's colours, and told in words and figures",
  { skip: noBrowser },
  async (t) => {
    const { page, open, assertAccessible } = await openRig(t, { theme: "light", expected: /willReadFrequently/ });
    await open("#/system");
    const picture = page.getByRole("img", { name: /^How busy \d+ cores? (was|were); now core \d+ is the busiest, / });
    await picture.waitFor();
    const look = (): Promise<{ lines: number; rights: string[] }> =>
      picture.evaluate((element) => {
        const canvas = element as unknown as {
          width: number;
          height: number;
          getContext(kind: "2d"): { getImageData(...place: number[]): { data: Uint8ClampedArray } };
        };
        const { data } = canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, canvas.height);
        const rights = Array.from({ length: canvas.height }, (_, line) => data.slice(4 * line, 4 * line + 4).join());
        return { lines: canvas.height, rights };
      });
    const { lines, rights } = await look();
    assert.equal(lines, await page.getByRole("meter", { name: /^Core \d+$/ }).count());
    assert.ok(
      rights.some((colour) => colour.endsWith(",255")),
      `the newest is known of some core: ${rights.join(" ")}`,
    );
    // From --raised of the light theme on, which is lighter than any busy one.
    for (const colour of rights) assert.ok(!colour.endsWith(",255") || Number(colour.split(",")[0]) <= 243);
    await page.locator("summary", { hasText: "In figures" }).click();
    const figures = page.getByRole("region", { name: "How busy each core was" });
    await figures.getByRole("row", { name: /^0 \d[\d.]* % \d[\d.]* % \d[\d.]* %$/ }).waitFor();
    assert.equal(await figures.getByRole("row").count(), lines + 1);
    await assertAccessible();
    await page.getByRole("button", { name: "Theme: system" }).click();
    await page.locator('html[data-theme="dark"]').waitFor();
    await until(
      page,
      "its colours are the dark theme's",
      `(() => {
    const canvas = document.querySelector(".heat");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255 && (data[at] > 124 || data[at + 2] < 43)) return false;
    return data.some((channel) => channel > 0);
  })()`,
    );
  },
);
