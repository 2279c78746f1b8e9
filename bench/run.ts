/** `npm run bench [area …]`: measures, prints a table an area, and puts it in its place in bench/RESULTS.md. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchRow } from "./bench.ts";

/** Loaded when it is its turn: what the others hold would be collected while this one is timed. */
const AREAS: Readonly<Record<string, () => Promise<{ run: () => Promise<BenchRow[]> }>>> = {
  router: () => import("./router.bench.ts"),
  queue: () => import("./queue.bench.ts"),
  pipeline: () => import("./pipeline.bench.ts"),
  supervisor: () => import("./supervisor.bench.ts"),
  broker: () => import("./broker.bench.ts"),
  dashboard: () => import("./dashboard.bench.ts"),
  page: () => import("./page.bench.ts"),
  docker: () => import("./docker.bench.ts"),
};
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
const unknown = wanted.filter((area) => !Object.hasOwn(AREAS, area));
if (unknown.length > 0) {
  console.error(
    `npm run bench ${unknown.join(" ")}: there is no such area; there are ${Object.keys(AREAS).join(", ")}.`,
  );
  process.exit(1);
}
const known = sections();
for (const [area, load] of Object.entries(AREAS)) {
  if (wanted.length > 0 && !wanted.includes(area)) continue;
  const head = [`- Machine: ${machine()}`, `- Commit: ${commit()}`, `- Date: ${new Date().toISOString().slice(0, 10)}`];
  const { run } = await load();
  const section = `${head.join("\n")}\n\n${table(await run())}`;
  console.log(`## ${area}\n\n${section}\n`);
  known.set(area, section);
  const all = Object.keys(AREAS).flatMap((name) => (known.has(name) ? [`## ${name}\n\n${known.get(name)}`] : []));
  writeFileSync(RESULTS, `# Results of \`npm run bench\`\n\n${all.join("\n\n")}\n`);
}
