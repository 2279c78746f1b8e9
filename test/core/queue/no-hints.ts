import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import type { Clock } from "../../../src/core/clock.ts";

/** How often a queue looks through its folder whatever happens, ms. */
const RESCAN_MS = 5000;

/**
 * Leaves a queue nothing but its doorbell: until the test ends no folder can be watched, as where the kernel has no
 * watches left, and with the clock given back no rescan comes.
 */
export function withoutHints(t: TestContext): Clock {
  t.mock.method(fs, "watch", () => {
    throw Object.assign(new Error("no watches left"), { code: "ENOSPC" });
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const never = (): void => undefined;
  return { ...systemClock, after: (ms, task) => (ms === RESCAN_MS ? never : systemClock.after(ms, task)) };
}
