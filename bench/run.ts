/** `npm run bench [area …]`: measures, prints a table an area, and puts it in its place in bench/RESULTS.md. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchRow } from "./bench.ts";
import { run as broker } from "./broker.bench.ts";
import { run as dashboard } from "./dashboard.bench.ts";
import { run as docker } from "./docker.bench.ts";
import { run as page } from "./page.bench.ts";
import { run as pipeline } from "./pipeline.bench.ts";
import { run as queue } from "./queue.bench.ts";
import { run as router } from "./router.bench.ts";
import { run as supervisor } from "./supervisor.bench.ts";

const AREAS = { router, queue, pipeline, supervisor, broker, dashboard, page, docker };
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
  const lines = rows.map(({ what, value, unit, target, ok }) => {
    const aim = target === undefined ? "" : `${target} ${unit}`;
    const met = ok === undefined ? "" : ok ? "met" : "not met";
    return `| ${what} | ${round(value)} | ${unit} | ${aim} | ${met} |`;
  });
  return ["| what | value | unit | aim | |", "|---|---:|---|---|---|", ...lines].join("\n");
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The sections of the results as they stand, by area. */
function sections(): Map<string, string> {
  const text = existsSync(RESULTS) ? readFileSync(RESULTS, "utf8") : "";
  const parts = text.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => [part.slice(0, part.indexOf("\n")).trim(), part.slice(part.indexOf("\n")).trim()]),
  );
}

const wanted = process.argv.slice(2);
const known = sections();
for (const [area, run] of Object.entries(AREAS)) {
  if (wanted.length > 0 && !wanted.includes(area)) continue;
  const head = [`- Machine: ${machine()}`, `- Commit: ${commit()}`, `- Date: ${new Date().toISOString().slice(0, 10)}`];
  const section = `${head.join("\n")}\n\n${table(await run())}`;
  console.log(`## ${area}\n\n${section}\n`);
  known.set(area, section);
  const all = Object.keys(AREAS).flatMap((name) => (known.has(name) ? [`## ${name}\n\n${known.get(name)}`] : []));
  writeFileSync(RESULTS, `# Results of \`npm run bench\`\n\n${all.join("\n\n")}\n`);
}
