/** Docker and Compose: whether they are there, new enough, and answer. */
import { z } from "../../core/zod.ts";
import type { Environment } from "../../core/secrets.ts";
import { bad, ok, skipped, type Finding } from "../setup/finding.ts";
import type { Ran, Run } from "../setup/run.ts";

/** What compose.yaml is written for. */
const LEAST_ENGINE = "20.10";
const LEAST_COMPOSE = "1.29";

const versions = z.object({
  Client: z.object({ Version: z.string() }),
  Server: z.object({ Version: z.string() }).nullish(),
});

/** `hasEngine`: the daemon can be asked. */
export async function lookAtEngine(
  run: Run,
  environment: Environment,
): Promise<{ readonly findings: Finding[]; readonly hasEngine: boolean }> {
  const [engine, compose, folder] = await Promise.all([
    run("docker", ["version", "--format", "{{json .}}"]),
    askCompose(run, environment),
    run("docker", ["info", "--format", "{{.DockerRootDir}}"]),
  ]);
  const told = engineFinding(engine);
  if (engine.status === "missing") return { findings: [told], hasEngine: false };
  const findings = [told, composeFinding(compose)];
  if (told.mark !== "ok") return { findings, hasEngine: false };
  const space = await run("df", ["-Pk", folder.stdout.trim()]);
  return { findings: [...findings, spaceFinding("Disk of Docker", space)], hasEngine: true };
}

/** Inside of the bot's image is no Compose, and tinyclaw.sh says which it saw. */
async function askCompose(run: Run, environment: Environment): Promise<Ran> {
  const told = environment["TINYCLAW_COMPOSE"];
  if (told !== undefined && told !== "") return { status: 0, stdout: told, stderr: "" };
  return run("docker", ["compose", "version", "--short"]);
}

/** From `docker version --format '{{json .}}'`. Pure. */
export function engineFinding({ status, stdout, stderr }: Ran): Finding {
  const what = "Docker";
  if (status === "missing") return bad(what, "is not installed", "https://docs.docker.com/engine/install/");
  if (/permission denied/i.test(stderr)) {
    return bad(what, "this user may not talk to it", "sudo usermod -aG docker $USER, then log in anew");
  }
  const server = parse(stdout, versions)?.Server?.Version;
  if (server === undefined)
    return bad(what, `does not answer (${firstLine(stderr) || status})`, "sudo systemctl start docker");
  if (!reaches(server, LEAST_ENGINE)) return bad(what, `is ${server}, and ${LEAST_ENGINE} is needed`, "update it");
  return ok(what, server);
}

/** From `docker compose version --short`. Pure. */
export function composeFinding({ status, stdout, stderr }: Ran): Finding {
  const what = "Docker Compose";
  const version = /^v?(\d+\.\d+(?:\.\d+)?)/.exec(stdout.trim())?.[1];
  if (status !== 0 || version === undefined) {
    return bad(what, `is not there (${firstLine(stderr) || status})`, "install the package docker-compose-plugin");
  }
  return reaches(version, LEAST_COMPOSE)
    ? ok(what, version)
    : bad(what, `is ${version}, and ${LEAST_COMPOSE} is needed`, "update it");
}

/** From `df -Pk PATH`: under a tenth or 2 GiB is little, since an upgrade needs room for two sets of images. Pure. */
export function spaceFinding(what: string, { status, stdout, stderr }: Ran): Finding {
  const [, total, , free] = /^.*\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%/m.exec(stdout) ?? [];
  if (status !== 0 || total === undefined || free === undefined)
    return skipped(what, `not told (${firstLine(stderr) || status})`);
  const [freeGib, totalGib] = [Number(free) / 2 ** 20, Number(total) / 2 ** 20];
  const told = `${freeGib.toFixed(1)} of ${totalGib.toFixed(1)} GiB free`;
  const isLittle = freeGib < Math.min(totalGib / 10, 2);
  return isLittle ? bad(what, told, "docker image prune, or a larger disk") : ok(what, told);
}

/** Whether a version is at least another, number by number. Pure. */
export function reaches(version: string, least: string): boolean {
  const numbers = (text: string): number[] => text.split(/[.+-]/).map(Number);
  const have = numbers(version);
  for (const [at, wanted] of numbers(least).entries()) {
    const found = have[at] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}

/** Undefined where the text is no JSON of that shape. */
export function parse<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
