import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { Dirent } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { repositoryRoot } from "./support/root.ts";

/** Statements that the linter refuses in a file, with the rule that does. Each is tried in a file of its own. */
const imports = "eslint(no-restricted-imports)";
const properties = "eslint(no-restricted-properties)";
const globals = "eslint(no-restricted-globals)";
const plain = "walls(plain-imports)";
const quiet = "walls(quiet-imports)";
const refused: [file: string, statement: string, rule: string][] = [
  ["src/core/a.ts", 'import "../supervisor/supervisor.ts";', imports],
  ["src/core/queue/a.ts", 'import "../../workers/queue/prompt.ts";', imports],
  ["src/core/channel/a.ts", 'import "../../sandbox/claude/claude.ts";', imports],
  ["src/supervisor/a.ts", 'import "../workers/telegram.worker.ts";', imports],
  ["src/supervisor/a.ts", 'import "../broker/policy.ts";', imports],
  ["src/workers/a.ts", 'import "../supervisor/restart-policy.ts";', imports],
  ["src/workers/telegram/a.ts", 'import "../queue/prompt.ts";', imports],
  ["src/workers/telegram/a.ts", 'import "../router/router.ts";', imports],
  ["src/workers/telegram/a.ts", 'import "../telegram.worker.ts";', imports],
  ["src/workers/telegram/a.ts", 'import "../../sandbox/telegram/telegram.ts";', imports],
  ["src/workers/queue/a.ts", 'import "../telegram/format.ts";', imports],
  ["src/workers/queue/a.ts", 'import "../../workers/telegram/format.ts";', imports],
  ["src/workers/queue/a.ts", 'import "../queue.worker.ts";', imports],
  ["src/workers/queue/a.ts", 'import "../../supervisor/manifest.ts";', imports],
  ["src/workers/router/a.ts", 'import "../../core/clock.ts";', imports],
  ["src/workers/router/a.ts", 'import "../../core/queue/message.ts";', imports],
  ["src/workers/router/a.ts", 'import "../queue/prompt.ts";', imports],
  ["src/workers/router/a.ts", 'import "../thread.ts";', imports],
  ["src/workers/router/a.ts", 'import "node:fs";', imports],
  ["src/broker/a.ts", 'import "../core/queue/queue.ts";', imports],
  ["src/broker/a.ts", 'import "../core/config.ts";', imports],
  ["src/broker/a.ts", 'import "../workers/router/router.ts";', imports],
  ["src/dashboard/a.ts", 'import "../workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", 'import type { Decision } from "../workers/router/router.ts";', imports],
  ["src/dashboard/a.ts", 'export * from "../workers/router/router.ts";', imports],
  ["src/dashboard/a.ts", 'export const later = import("../workers/router/router.ts");', imports],
  ["src/dashboard/a.ts", 'import "../../src/workers/queue/prompt.ts";', imports],
  ["src/dashboard/tail/a.ts", 'import "../../supervisor/status.ts";', imports],
  ["src/sandbox/claude/a.ts", 'import "../../workers/queue/agent.ts";', imports],
  ["src/sandbox/a.ts", 'import "../cli/send.ts";', imports],
  ["src/core/a.ts", 'import "grammy";', imports],
  ["src/workers/queue/a.ts", 'import type { Bot } from "grammy";', imports],
  ["src/sandbox/telegram/a.ts", 'import "grammy/types";', imports],
  ["src/cli/a.ts", 'import "@grammyjs/runner";', imports],
  ["src/workers/queue/a.ts", 'import "@anthropic-ai/claude-agent-sdk";', imports],
  ["src/workers/telegram/a.ts", 'import "@anthropic-ai/claude-agent-sdk";', imports],
  ["src/workers/queue/agent.ts", 'import "grammy";', imports],
  ["src/workers/queue/tools.ts", 'import "../telegram/format.ts";', imports],
  ["src/dashboard/routes.ts", 'import "uWebSockets.js";', imports],
  ["src/dashboard/server.ts", 'import "../workers/thread.ts";', imports],
  ["src/broker/server.ts", 'import "@octokit/auth-app";', imports],
  ["web/a.js", 'import "zod";', imports],
  ["web/views/a.js", 'import "../../src/core/ids.js";', imports],
  ["web/a.js", 'document.body.innerHTML = "text";', properties],
  ["web/a.js", 'document.body.insertAdjacentHTML("beforeend", "text");', properties],
  ["src/broker/github-app.ts", 'import "../core/jsonl.ts";', imports],
  ["src/core/a.ts", 'import { env } from "node:process";', imports],
  ["src/core/a.ts", "export const home = process.env;", properties],
  ["src/workers/queue/a.ts", "export const { env } = process;", properties],
  ["src/supervisor/main.ts", "export const home = process.env;", properties],
  ["src/workers/thread.ts", "export const home = process.env;", properties],
  ["src/core/a.ts", "process.exit(1);", properties],
  ["src/core/config.ts", "process.exit(1);", properties],
  ["src/workers/queue.worker.ts", 'process.on("exit", () => undefined);', properties],
  ["src/cli/send.ts", "export const words = process.argv;", properties],
  ["src/core/a.ts", 'import { env as own } from "process";', imports],
  ["src/core/config.ts", 'import { exit } from "process";', imports],
  ["src/core/a.ts", "export const all = globalThis.process.env;", globals],
  ["src/core/a.ts", "export const { process: hidden } = global;", globals],
  ["src/core/a.ts", 'export const path = process["env"];', properties],
  ["src/core/a.ts", "process.abort();", properties],
  ["src/core/a.ts", "process.exitCode = 1;", properties],
  ["src/workers/queue/a.ts", 'process.addListener("exit", () => undefined);', properties],
  ["src/broker/a.ts", 'process.prependListener("SIGHUP", () => undefined);', properties],
  ["src/dashboard/a.ts", 'import "./../workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", 'import "./tail/../../workers/queue/prompt.ts";', imports],
  ["src/dashboard/tail/a.ts", 'import "../tail/../../workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", 'import "../core/./../workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", 'import "../core/../workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", 'import "/src/workers/queue/prompt.ts";', imports],
  ["src/dashboard/a.ts", "export const plain = import(`../workers/queue/prompt.ts`);", plain],
  ["src/dashboard/a.ts", 'export const sum = import("../workers/queue/" + "prompt.ts");', plain],
  ["src/dashboard/a.ts", "export const named = (place: string) => import(place);", plain],
  ["src/workers/telegram/a.ts", 'export { createRequire as past } from "node:module";', plain],
  ["src/workers/queue/a.ts", 'export const past = createRequire(import.meta.url)("grammy");', plain],
  ["src/workers/telegram/grammy.ts", 'export const { Bot } = createRequire(import.meta.url)("grammy");', plain],
  ["src/workers/queue/a.ts", 'export const late = requireOnDemand("grammy", { path: () => "" });', plain],
  ["src/core/a.ts", 'import { z } from "zod";', imports],
  ["src/workers/queue/a.ts", 'import type { z } from "zod";', imports],
  ["src/core/a.ts", 'import roll from "pino-roll";', imports],
  ["src/workers/telegram/grammy.ts", 'export const past = process.getBuiltinModule("node:process");', plain],
  ["src/core/a.ts", 'export const past = process["getBuiltinModule"]("node:process");', plain],
  [
    "src/dashboard/a.ts",
    'export type Prompt = import("../workers/queue/prompt.ts").Prompt;',
    "typescript(consistent-type-imports)",
  ],
  ["src/core/a.ts", 'import "../../test/support/root.ts";', imports],
  ["src/workers/router/a.ts", 'import "fs";', imports],
  ["src/workers/router/a.ts", 'import "fs/promises";', imports],
  ["src/workers/router/a.ts", 'import "zod";', imports],
  ["src/workers/newroom/a.ts", 'import "../queue/prompt.ts";', imports],
  ["src/newroom/a.ts", 'import "../core/errors.ts";', imports],
  ["src/newroom/a.ts", 'import "./b.ts";', imports],
  ["src/newroom/deep/a.ts", 'import "zod";', imports],
  ["src/a.ts", 'import "./core/errors.ts";', imports],
  ["src/a.ts", 'import "node:fs";', imports],
  ["src/core/a.ts", "setInterval(() => undefined, 1000);", quiet],
  ["src/core/a.ts", "export const timer = setInterval(() => undefined, 1000);", quiet],
  ["src/core/a.ts", "export const given = await Promise.resolve(1);", quiet],
  ["src/workers/thread.ts", "setImmediate(() => undefined);", quiet],
  ["src/core/a.ts", "console.log(1);", "eslint(no-console)"],
];

const allowed: [file: string, statement: string][] = [
  ["src/core/queue/a.ts", 'import "../errors.ts";'],
  ["src/supervisor/a.ts", 'import "../core/channel/channel.ts";'],
  ["src/supervisor/a.ts", 'export const entry = new URL("../workers/telegram.worker.js", import.meta.url);'],
  ["src/workers/telegram.worker.ts", 'import "./telegram/bot.ts";'],
  ["src/workers/telegram.worker.ts", 'import "../core/config.ts";'],
  ["src/workers/telegram/a.ts", 'import "../../core/queue/queue.ts";'],
  ["src/workers/telegram/bot.ts", 'import "grammy";'],
  ["src/core/on-demand.ts", "export const here = createRequire(import.meta.url);"],
  ["src/core/zod.ts", 'import type * as Zod from "zod";'],
  ["src/broker/a.ts", 'import { z } from "../core/zod.ts";'],
  ["src/core/node-http.ts", 'export const http = process.getBuiltinModule("node:http");'],
  ["src/workers/telegram/a.ts", 'import type { WorkerContext } from "../thread.ts";'],
  ["src/workers/queue/a.ts", 'import "../../core/queue/queue.ts";'],
  ["src/workers/queue/a.ts", 'import "../router/router.ts";'],
  ["src/workers/queue/agent.ts", 'import "@anthropic-ai/claude-agent-sdk";'],
  ["src/workers/queue/tools.ts", 'import "@anthropic-ai/claude-agent-sdk";'],
  ["src/workers/router/a.ts", 'import "../../core/ids.ts";'],
  ["src/workers/router/a.ts", 'import "./tiers.ts";'],
  ["src/broker/a.ts", 'import "../core/errors.ts";'],
  ["src/broker/a.ts", 'import "../core/backoff.ts";'],
  ["src/broker/github-app.ts", 'import "@octokit/auth-app";'],
  ["src/dashboard/tail/a.ts", 'import "../../core/jsonl.ts";'],
  ["src/dashboard/server.ts", 'import "uWebSockets.js";'],
  ["src/sandbox/telegram/a.ts", 'import "../../core/ids.ts";'],
  ["src/cli/demo/a.ts", 'import "../../sandbox/claude/claude.ts";'],
  ["src/core/config.ts", "export const home = process.env;"],
  ["src/broker/config.ts", "export const home = process.env;"],
  ["src/core/secrets.ts", "export const home = process.env;"],
  ["src/supervisor/main.ts", "process.exit(1);"],
  ["src/supervisor/signals.ts", 'export const listen = () => process.once("SIGTERM", () => undefined);'],
  ["src/workers/thread.ts", 'export const listen = () => process.on("exit", () => undefined);'],
  ["src/cli/main.ts", "export const words = process.argv;"],
  ["src/core/main.ts", 'process.addListener("SIGHUP", () => undefined);'],
  ["src/core/main.ts", "process.exitCode = 1;"],
  ["src/workers/queue.worker.ts", "await Promise.resolve();"],
  ["src/core/a.ts", 'export const one = import("./errors.ts");'],
  ["src/core/a.ts", 'import "./a..b/c.d.ts";'],
  ["src/core/a.ts", "export const wait = () => setTimeout(() => undefined, 1000);"],
  ["test/core/a.test.ts", 'import "../../src/workers/queue/prompt.ts";'],
];

const reportSchema = z.object({
  diagnostics: z.array(
    z.object({
      code: z.string(),
      filename: z.string(),
      labels: z.array(z.object({ span: z.object({ line: z.number() }) })),
    }),
  ),
});
const packageSchema = z.object({ scripts: z.object({ lint: z.string() }) });

/** Rules that the linter reports, by `file:line`. The statements of a file stand a line each, in the order above. */
let reported: Map<string, string[]>;
const rooms = [...(await entriesOf("src")), ...(await entriesOf("src/workers"))].filter((entry) => entry.isDirectory());
/** A folder without a row may import nothing, not even from itself. */
const atHome = rooms.map(({ parentPath, name }): [file: string, statement: string] => [
  path.join(path.relative(repositoryRoot, parentPath), name, "row.ts"),
  'import "./neighbour.ts";',
]);
const cases = [...refused, ...allowed, ...atHome];

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(path.join(repositoryRoot, folder), { withFileTypes: true });
}

function placeOf(file: string, statement: string): string {
  const statements = cases.filter(([other]) => other === file).map(([, text]) => text);
  return `${file}:${statements.indexOf(statement) + 1}`;
}

before(async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), "tinyclaw-walls-"));
  try {
    for (const file of ["package.json", "tsconfig.json", "oxlint.config.mjs", "oxlint.rules.mjs"]) {
      await cp(path.join(repositoryRoot, file), path.join(directory, file));
    }
    await symlink(path.join(repositoryRoot, "node_modules"), path.join(directory, "node_modules"));
    for (const file of new Set(cases.map(([name]) => name))) {
      const statements = cases.filter(([name]) => name === file).map(([, statement]) => statement);
      await mkdir(path.dirname(path.join(directory, file)), { recursive: true });
      await writeFile(path.join(directory, file), `${statements.join("\n")}\n`);
    }
    reported = await lint(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** Runs the command of `npm run lint` over the directory. */
async function lint(directory: string): Promise<Map<string, string[]>> {
  const { scripts } = packageSchema.parse(JSON.parse(await readFile(path.join(directory, "package.json"), "utf8")));
  const bin = path.join(directory, "node_modules", ".bin");
  const child = spawn("/bin/sh", ["-c", `${scripts.lint} --format=json`], {
    cwd: directory,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { diagnostics } = reportSchema.parse(JSON.parse(await text(child.stdout)));
  const found = new Map<string, string[]>();
  for (const { code, filename, labels } of diagnostics) {
    const place = `${filename}:${labels[0]?.span.line ?? 0}`;
    found.set(place, [...(found.get(place) ?? []), code]);
  }
  return found;
}

for (const [file, statement, rule] of refused) {
  test(`${file} is refused ${statement}`, () => {
    const rules = reported.get(placeOf(file, statement)) ?? [];
    assert.ok(rules.includes(rule), `reported: ${rules.join(", ") || "nothing"}`);
  });
}

for (const [file, statement] of allowed) {
  test(`${file} is allowed ${statement}`, () => {
    assert.deepEqual(walls(file, statement), []);
  });
}

for (const [file, statement] of atHome) {
  test(`${path.dirname(file)} has a row of its own in the table`, () => {
    assert.deepEqual(walls(file, statement), []);
  });
}

test("src holds folders alone, so that each file has a row", async () => {
  const files = (await entriesOf("src")).filter((entry) => !entry.isDirectory());
  assert.deepEqual(
    files.map(({ name }) => name),
    [],
  );
});

/** The walls that a statement breaks. */
function walls(file: string, statement: string): string[] {
  const rules = reported.get(placeOf(file, statement)) ?? [];
  return rules.filter((rule) => rule.includes("restricted") || rule.startsWith("walls("));
}
