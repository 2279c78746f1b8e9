/** What the programs in the running containers say of themselves. */
import { z } from "../../core/zod.ts";
import { parseSupervisorRecord } from "../../core/supervisor-record.ts";
import { judgeRecord } from "../../supervisor/check.ts";
import { bad, ok, skipped, type Finding } from "../setup/finding.ts";
import type { Ran, Run } from "../setup/run.ts";
import type { Container, Service } from "./containers.ts";
import { firstLine, parse, reaches, spaceFinding } from "./engine.ts";

const DATA = "/app/.tinyclaw";
/** Debian's own is older, and lacks what agents try first. */
const GOOD_GH = "2.40";

const readyzOf = (port: number): string[] => [
  "node",
  "-e",
  `fetch("http://127.0.0.1:${port}/readyz").then(async (r) => console.log(await r.text()), (e) => { console.error(e.cause?.code ?? e.message); process.exit(1) })`,
];
const PROBE = `${DATA}/.doctor`;

/** Each container that runs is asked; of the others nothing is told here. `version`: of this checkout. */
export async function lookInside(
  run: Run,
  containers: ReadonlyMap<Service, Container>,
  version: string,
): Promise<Finding[]> {
  const inside = (service: Service) => {
    const container = containers.get(service);
    return container?.State.Running === true
      ? (words: readonly string[]): Promise<Ran> => run("docker", ["exec", container.Id, ...words])
      : undefined;
  };
  const [bot, broker, dashboard] = [inside("bot"), inside("broker"), inside("dashboard")];
  const parts: Promise<Finding[]>[] = [];
  if (bot !== undefined) parts.push(lookIntoBot(bot, version));
  if (broker !== undefined) parts.push(broker(readyzOf(3000)).then((ran) => [brokerFinding(ran)]));
  if (dashboard !== undefined) parts.push(dashboard(readyzOf(3100)).then((ran) => [dashboardFinding(ran)]));
  return (await Promise.all(parts)).flat();
}

async function lookIntoBot(exec: (words: readonly string[]) => Promise<Ran>, version: string): Promise<Finding[]> {
  const [status, write, space, gh] = await Promise.all([
    exec(["cat", `${DATA}/status/supervisor.json`]),
    exec(["sh", "-c", `: >${PROBE} && rm ${PROBE}`]),
    exec(["df", "-Pk", DATA]),
    exec(["gh", "--version"]),
  ]);
  return [
    botFinding(status, version, Date.now()),
    writeFinding(write),
    spaceFinding("Disk of the data", space),
    ghFinding(gh),
  ];
}

/** From `status/supervisor.json`. Pure. */
export function botFinding({ status, stdout }: Ran, version: string, now: number): Finding {
  const record = status === 0 ? parseSupervisorRecord(parseJson(stdout)) : undefined;
  if (record === undefined) return bad("Bot", "has not told of itself yet", "./tinyclaw.sh logs bot");
  const { healthy, text } = judgeRecord(record, now);
  if (!healthy) return bad("Bot", text, "./tinyclaw.sh logs bot");
  const running = record.whole["version"];
  if (typeof running === "string" && running !== version) {
    return bad("Bot", `is version ${running}, and this checkout is ${version}`, "./tinyclaw.sh upgrade");
  }
  return ok("Bot", `${text}, version ${version}`);
}

/** From creating and removing a file. Pure. */
export function writeFinding({ status, stderr }: Ran): Finding {
  if (status === 0) return ok("Data volume", "can be written");
  return bad(
    "Data volume",
    `cannot be written (${firstLine(stderr) || status})`,
    "look at the disk, and at who owns the volume",
  );
}

/** From `gh --version`. Pure. */
export function ghFinding({ status, stdout }: Ran): Finding {
  const version = /gh version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (status !== 0 || version === undefined) return bad("gh", "is not in the bot's image", "./tinyclaw.sh build");
  if (reaches(version, GOOD_GH)) return ok("gh", version);
  return skipped("gh", `${version}, which is old`, "build with GH_URL and GH_SHA256 for a newer one");
}

const readyz = z.object({
  status: z.string(),
  problems: z.array(z.string()).default([]),
  app: z.object({ slug: z.string().optional() }).nullish(),
});

/** From the broker's `/readyz`. Pure. */
export function brokerFinding({ status, stdout, stderr }: Ran): Finding {
  const told = status === 0 ? parse(stdout, readyz) : undefined;
  if (told === undefined)
    return bad("Broker", `does not answer (${firstLine(stderr) || status})`, "./tinyclaw.sh logs broker");
  const problems = told.problems.join(" ");
  if (told.status === "ok") return ok("Broker", "is ready");
  if (told.status === "not_configured")
    return skipped("Broker", `not configured: ${problems || "no GitHub App"}`, "./tinyclaw.sh init");
  return bad("Broker", `${told.status}: ${problems}`, "docs/github.md; ./tinyclaw.sh logs broker");
}

/** From the dashboard's `/readyz`. Pure. */
export function dashboardFinding({ status, stdout, stderr }: Ran): Finding {
  const told = status === 0 ? parse(stdout, z.object({ status: z.string() })) : undefined;
  if (told === undefined)
    return bad("Dashboard", `does not answer (${firstLine(stderr) || status})`, "./tinyclaw.sh logs dashboard");
  return ok("Dashboard", told.status === "waiting" ? "answers, and waits for the bot" : "answers");
}

function parseJson(text: string): unknown {
  return parse(text, z.unknown());
}
