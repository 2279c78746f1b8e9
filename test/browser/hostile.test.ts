import assert from "node:assert/strict";
import { test } from "node:test";
import { noBrowser, openRig, until } from "./rig.ts";
import { ADDRESSES, HOSTILE, seed } from "./walk.ts";

/** Elements that no view makes: they can only come from a text. */
const FOREIGN = "main img, main script, main iframe, main b, aside img, aside script, aside iframe, aside b";

test(
  "hostile texts stand in every view as texts, and the content policy reports nothing",
  { skip: noBrowser },
  async (t) => {
    const rig = await openRig(t, { seed });
    for (const address of ADDRESSES) {
      await t.test(address, async () => {
        await rig.open(address);
        await until(rig.page, `${address} shows something`, `document.querySelector("main").textContent.length > 40`);
        await rig.page.waitForTimeout(200);
        const found = await rig.page.locator(FOREIGN).count();
        assert.equal(found, 0, "no element was made of a text");
        assert.match(await rig.page.title(), /TinyClaw$/);
        const shown = await rig.page.evaluate<string>("document.body.textContent");
        const hidden = ["\u202E", "\u2066", "\u200B", "\u001b"].filter((character) => shown.includes(character));
        assert.deepEqual(hidden, [], "characters that hide or turn the text are made visible");
      });
    }
  },
);

test("markup in a message is shown as it was written", { skip: noBrowser }, async (t) => {
  const rig = await openRig(t, { seed });
  await rig.open("#/thread/9");
  await until(
    rig.page,
    "the message",
    `document.querySelector("main").textContent.includes(${JSON.stringify(HOSTILE.markup)})`,
  );
});
