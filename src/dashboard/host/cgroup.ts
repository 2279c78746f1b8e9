/**
 * Which container a process belongs to, from `/proc/<pid>/cgroup`: `0::/path` on cgroup v2, a line for each hierarchy
 * on v1.
 */

/** Stands for the id of the container we run in ourselves, where our own paths do not show it. */
export const OWN_CONTAINER = "own";

/**
 * Docker, containerd, CRI-O and Podman name a container by 64 hex digits: `/docker/<id>`, `docker-<id>.scope`,
 * `libpod-<id>.scope/container`. The monitor beside a container (`libpod-conmon-<id>`) is none of its processes.
 */
const CONTAINER = /(?<!conmon)[/:-]([0-9a-f]{64})(?=\.scope|[/\n]|$)/g;
/** In a cgroup namespace, what lies outside of it is shown by way of its root. */
const OUTSIDE = /^[^:\n]*:[^:\n]*:\/\.\.(?:\/|$)/m;
const ANY = /^\d+:[^:\n]*:\//m;

/** The id, innermost first where one container runs in another; null for a process of the host. */
export function containerIdOf(cgroup: string): string | null {
  let id: string | null = null;
  for (const line of cgroup.split("\n")) {
    for (const found of line.matchAll(CONTAINER)) id = found[1] ?? id;
    if (id !== null) return id;
  }
  return null;
}

/** Whether the process lies outside of the reader's cgroup namespace. */
export function liesOutside(cgroup: string): boolean {
  return OUTSIDE.test(cgroup);
}

/**
 * As `containerIdOf`. `namespaced`: the host's first process lies outside of our namespace, so that whatever lies
 * inside is of our own container.
 */
export function containerOf(cgroup: string, namespaced: boolean): string | null {
  return containerIdOf(cgroup) ?? (namespaced && ANY.test(cgroup) && !liesOutside(cgroup) ? OWN_CONTAINER : null);
}
