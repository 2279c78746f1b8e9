import { bad, type Finding } from "../setup/finding.ts";
import type { Run } from "../setup/run.ts";
import { containerFindings, parseContainers, portFinding } from "./containers.ts";
import { firstLine } from "./engine.ts";
import { lookInside } from "./inside.ts";

const PROGRAMS = ["broker", "bot", "dashboard"];

/** The containers of a Compose project, and what runs in them. */
export async function lookAtStack(
  run: Run,
  options: { readonly project: string; readonly tag: string; readonly version: string },
): Promise<Finding[]> {
  const { project, tag, version } = options;
  const listed = await run("docker", [
    "ps",
    "-aq",
    "--no-trunc",
    "--filter",
    `label=com.docker.compose.project=${project}`,
  ]);
  if (listed.status !== 0) {
    return [bad("Stack", `cannot be listed (${firstLine(listed.stderr) || listed.status})`, "docker ps says why")];
  }
  const ids = listed.stdout.split("\n").filter((id) => id !== "");
  const names = PROGRAMS.map((name) => `tinyclaw-${name}:${tag}`);
  const [inspected, built] = await Promise.all([
    ids.length === 0 ? undefined : run("docker", ["inspect", ...ids]),
    Promise.all(names.map((name) => run("docker", ["image", "inspect", "--format", "{{.Id}}", name]))),
  ]);
  const containers = parseContainers(inspected?.stdout ?? "[]");
  const images = new Map(
    names.flatMap((name, at) => (built[at]?.status === 0 ? [[name, built[at].stdout.trim()] as const] : [])),
  );
  const port = portFinding(containers);
  const inside = await lookInside(run, containers, version);
  return [...containerFindings(containers, images, Date.now()), ...(port === undefined ? [] : [port]), ...inside];
}
