export const CONTAINERS = ["bot", "broker", "dashboard"] as const;
export type ContainerName = (typeof CONTAINERS)[number];

const SCRIPTS: Readonly<Record<ContainerName, RegExp>> = {
  bot: /(?:^|[/ ])supervisor\/main\.js$/,
  broker: /(?:^|[/ ])broker\/main\.js$/,
  dashboard: /(?:^|[/ ])dashboard\/main\.js$/,
};

/** What `/proc/<pid>/cmdline` runs: the program whose entry script is among the arguments. */
export function roleOf(cmdline: string): ContainerName | null {
  const words = cmdline.split("\0");
  return CONTAINERS.find((name) => words.some((word) => SCRIPTS[name].test(word))) ?? null;
}

/** A process that runs in a container. */
export interface ContainedProcess {
  readonly pid: number;
  readonly container: string;
  readonly startTicks: number;
  readonly role: ContainerName | null;
}

/** The first process of a container: as old as the container, and gone with it. */
export type FirstProcess = Pick<ContainedProcess, "pid" | "startTicks">;

/**
 * The containers of our three programs. A container is what its oldest entry script says: an agent may run another one
 * in there. Where several are of one kind, as after an upgrade or beside a second installation, the youngest counts.
 */
export function assignRoles(processes: readonly ContainedProcess[]): Map<ContainerName, FirstProcess> {
  const containers = new Map<string, { first: ContainedProcess; role: ContainerName | null }>();
  for (const process of processes.toSorted(byAge)) {
    const known = containers.get(process.container);
    if (known === undefined) containers.set(process.container, { first: process, role: process.role });
    else known.role ??= process.role;
  }
  const found = new Map<ContainerName, FirstProcess>();
  // The oldest container comes first, and a younger one takes its place.
  for (const { first, role } of containers.values()) {
    if (role !== null) found.set(role, { pid: first.pid, startTicks: first.startTicks });
  }
  return found;
}

function byAge(a: ContainedProcess, b: ContainedProcess): number {
  return a.startTicks - b.startTicks || a.pid - b.pid;
}
