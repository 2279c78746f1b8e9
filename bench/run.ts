/** `npm run bench [area …]`: measures, prints a table, and writes bench/RESULTS.md when every area was measured. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchRow } from "./bench.ts";
import { run as broker } from "./broker.bench.ts";
import { run as dashboard } from "./dashboard.bench.ts";
import { run as page } from "./page.bench.ts";
import { run as pipeline } from "./pipeline.bench.ts";
import { run as queue } from "./queue.bench.ts";
import { run as router } from "./router.bench.ts";

const AREAS = { router, queue, pipeline, broker, dashboard, page };
const RESULTS = fileURLToPath(new URL("../../bench/RESULTS.md", import.meta.url));

function machine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model ?? "unknown"}, ${gib} GiB, Linux ${release()}, Node ${process.version}`;
}

function commit(): string {
  const git = (...words: string[]): string => execFileSync("git", words, { encoding: "utf8" }).trim();
  try {
    const dirty = git("status", "--porcelain", "--", ":!bench/RESULTS.md") === "" ? "" : " with uncommitted changes";
    return `${git("rev-parse", "--short", "HEAD")}${dirty}`;
  } catch {
    return "unknown";
  }
}

function table(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ area, what, value, unit, target, ok }) => {
    const aim = target === undefined ? "" : `${target} ${unit}`;
    const met = ok === undefined ? "" : ok ? "met" : "not met";
    return `| ${area} | ${what} | ${round(value)} | ${unit} | ${aim} | ${met} |`;
  });
  return ["| area | what | value | unit | aim | |", "|---|---|---:|---|---|---|", ...lines].join("\n");
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

const wanted = process.argv.slice(2);
const rows: BenchRow[] = [];
for (const [area, run] of Object.entries(AREAS)) {
  if (wanted.length === 0 || wanted.includes(area)) rows.push(...(await run()));
}
const head = `Machine: ${machine()}\nCommit: ${commit()}\nDate: ${new Date().toISOString().slice(0, 10)}`;
console.log(`${head}\n\n${table(rows)}`);
if (wanted.length === 0) {
  const lines = head.split("\n").map((line) => `- ${line}`);
  writeFileSync(RESULTS, `# Results of \`npm run bench\`\n\n${lines.join("\n")}\n\n${table(rows)}\n`);
}
