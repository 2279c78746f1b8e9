/** The queue in a process whose wall clock jumps by an hour while a message waits for its next try. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { tempDir } from "../support/temp-dir.ts";
import { RETRY_MS } from "./support/queue-clock.ts";
import type { JumpTold } from "./support/queue-clock.ts";
import { startRunner } from "./support/queue-trace.ts";

const HOUR_MS = 3_600_000;
const library = findLibrary();
const skip = library === undefined && process.env["CI"] !== "true" ? "libfaketime is not here" : false;

const counted: string[] = [];
after(() => process.stdout.write(counted.map((line) => `# ${line}\n`).join("")));

function findLibrary(): string | undefined {
  const libraries = readdirSync("/usr/lib").map((name) => join("/usr/lib", name, "faketime", "libfaketimeMT.so.1"));
  return libraries.find((path) => existsSync(path));
}

for (const [by, hours] of [
  ["+3600", 1],
  ["-3600", -1],
] as const) {
  test(
    `when the clock goes ${hours === 1 ? "forward" : "back"} by an hour, the next try comes in its time and in its order`,
    { skip, timeout: 60_000 },
    async (t) => {
      assert.ok(library !== undefined, "libfaketime is not here");
      const dir = await tempDir(t);
      const file = join(dir, "offset");
      writeFileSync(file, "+0");
      const runner = startRunner("jump", join(dir, "queue"), {
        more: [file, by],
        // Timers go by the monotonic clock; without the second line of these they would stand still.
        env: {
          LD_PRELOAD: library,
          FAKETIME_TIMESTAMP_FILE: file,
          DONT_FAKE_MONOTONIC: "1",
          FAKETIME_NO_CACHE: "1",
        },
      });
      t.after(() => runner.child.kill("SIGKILL"));
      const { told, code } = await runner.ended;
      assert.equal(code, 0, told.join("\n"));
      const { jumpedMs, waitedMs, keys } = JSON.parse(told.at(-1) ?? "") as JumpTold;
      assert.ok(Math.abs(jumpedMs - hours * HOUR_MS) < 30_000, `${jumpedMs} ms`);
      assert.ok(waitedMs >= RETRY_MS - 1 && waitedMs < RETRY_MS + 10_000, `${waitedMs} ms`);
      assert.deepEqual(keys, ["a", "b", "c", "d"]);
      counted.push(`clock ${by} s: tried again after ${Math.round(waitedMs)} of ${RETRY_MS} ms, in order`);
    },
  );
}
