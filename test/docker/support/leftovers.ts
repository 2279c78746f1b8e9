import { docker } from "./docker.ts";

/** What a run that was cut off has left: containers that Docker would bring back for ever, and what belongs to them. */
export async function removeLeftovers(prefix: string): Promise<void> {
  const projects = (await docker("ps", "-a", "--format", '{{.Label "com.docker.compose.project"}}')).split("\n");
  const dead = projects.filter((name) => name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length))));
  for (const project of new Set(dead)) {
    const filter = ["--filter", `label=com.docker.compose.project=${project}`];
    await removeAll(await docker("ps", "-aq", ...filter), "rm", "-f");
    await removeAll(await docker("volume", "ls", "-q", ...filter), "volume", "rm");
    await removeAll(await docker("network", "ls", "-q", ...filter), "network", "rm");
  }
}

async function removeAll(list: string, ...words: string[]): Promise<void> {
  if (list !== "") await docker(...words, ...list.split("\n"));
}

/** Whether the process that named a project after itself still runs. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
