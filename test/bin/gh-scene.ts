import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { tempDir } from "../support/temp-dir.ts";
import { BrokerStandIn, tokenAnswer } from "./broker-stand-in.ts";
import type { Told } from "./broker-stand-in.ts";
import { bin, lacks, run } from "./run.ts";
import type { Outcome } from "./run.ts";

export const skip = lacks("curl", "git");
/** The real gh's stand-in: a line for each argument and for what it finds in its environment. */
const STUB = `#!/bin/sh
for argument; do printf 'arg %s\\n' "$argument"; done
printf 'GH_TOKEN %s\\n' "\${GH_TOKEN-none}"
printf 'GH_ENTERPRISE_TOKEN %s\\n' "\${GH_ENTERPRISE_TOKEN-none}"
printf 'GITHUB_TOKEN %s\\n' "\${GITHUB_TOKEN-none}"
printf 'GH_HOST %s\\n' "\${GH_HOST-none}"
printf 'prompt %s\\n' "\${GH_PROMPT_DISABLED-none}"
printf 'config %s %s\\n' "\${GH_CONFIG_DIR-none}" "$(ls -A "$GH_CONFIG_DIR")"
exit 7
`;
export const searchPath = process.env["PATH"] ?? "";

export interface Scene {
  readonly broker: BrokerStandIn;
  /** Where commands run; no git repository until a test makes it one. */
  readonly cwd: string;
  /** Folder of the real gh's stand-in. */
  readonly stubs: string;
  readonly gh: (words: readonly string[], env?: Record<string, string>, program?: string) => Promise<Outcome>;
  readonly git: (...words: readonly string[]) => Promise<void>;
}

export async function scene(t: TestContext, ...answers: Told[]): Promise<Scene> {
  const broker = await BrokerStandIn.start(t, ...(answers.length === 0 ? [tokenAnswer] : answers));
  const home = await tempDir(t);
  const [cwd, stubs] = [path.join(home, "work"), path.join(home, "stubs")];
  await mkdir(cwd);
  await mkdir(stubs);
  await writeFile(path.join(stubs, "gh"), STUB);
  await chmod(path.join(stubs, "gh"), 0o755);
  const system = path.join(home, "system-gitconfig");
  const base = { HOME: home, PATH: `${bin}:${stubs}:${searchPath}`, GIT_CONFIG_SYSTEM: system, ...broker.env };
  return {
    broker,
    cwd,
    stubs,
    gh: (words, env = {}, program = "gh") => run(program, words, { cwd, env: { ...base, ...env } }),
    async git(...words) {
      const done = await run("git", words, { cwd, env: base });
      assert.equal(done.status, 0, done.stderr);
    },
  };
}

/** What the broker was asked, once. */
export function asked(broker: BrokerStandIn): {
  owner: string;
  repositories: string[];
  permissions?: Record<string, string>;
} {
  assert.equal(broker.seen.length, 1);
  return JSON.parse(broker.seen[0]?.body ?? "") as ReturnType<typeof asked>;
}

export function repositoryOf(broker: BrokerStandIn): string {
  const { owner, repositories } = asked(broker);
  assert.equal(repositories.length, 1);
  return `${owner}/${repositories[0]}`;
}

export function assertStopped(outcome: Outcome, status: number, reason: RegExp): void {
  assert.deepEqual([outcome.status, outcome.stdout], [status, ""], outcome.stderr);
  assert.match(outcome.stderr, reason);
  assert.match(outcome.stderr, /^gh: [^\n]+\n$/);
}
