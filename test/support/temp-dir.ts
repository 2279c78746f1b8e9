import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** A directory of the test's own, gone when it ends. */
export async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), "tinyclaw-test-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
