import { test } from "node:test";
import { noBrowser, openRig } from "./rig.ts";
import { ADDRESSES, seed } from "./walk.ts";

const THEMES = ["dark", "light"] as const;
const WIDTHS = [390, 1280, 1920];
/** For what is drawn anew at another width, ms. */
const SETTLED_MS = 150;

test(
  "axe finds nothing in any view, in both themes, on a phone, a laptop and a large screen",
  { skip: noBrowser },
  async (t) => {
    const rig = await openRig(t, { seed });
    for (const address of ADDRESSES) {
      await t.test(address, async () => {
        await rig.open(address);
        for (const width of WIDTHS) {
          await rig.page.setViewportSize({ width, height: 800 });
          for (const colorScheme of THEMES) {
            await rig.page.emulateMedia({ colorScheme });
            await rig.page.waitForTimeout(SETTLED_MS);
            await rig.assertAccessible();
          }
        }
      });
    }
  },
);
