import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import { containerOf, liesOutside } from "./cgroup.ts";
import { assignRoles, CONTAINERS, roleOf } from "./container-roles.ts";
import type { ContainedProcess, ContainerName, FirstProcess } from "./container-roles.ts";
import { round2 } from "./percent.ts";
import { parseStartTicks, TICKS_PER_SECOND } from "./pid-stat.ts";
import { readHead } from "./proc-file.ts";

/** Between two looks, ms. */
const EVERY_MS = 15_000;
/** A look takes at most this share of a core: on a host of many processes it is taken less often. */
const MAX_SHARE = 0.001;
/** Then the event loop gets its turn, ms. */
const SLICE_MS = 1;
/** Enough for an entry script behind its options; an agent's command line may be a megabyte. */
const HEAD_BYTES = 4_096;

export interface ContainerFinderDeps {
  readonly procRoot: string;
  readonly clock: Clock;
}

/** Finds the containers of our programs among the processes of the host, now and then and in small steps. */
export class ContainerFinder {
  readonly #deps: ContainerFinderDeps;
  readonly #buffer = Buffer.allocUnsafe(HEAD_BYTES);
  #found: ReadonlyMap<ContainerName, FirstProcess> = new Map();
  #nextAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(deps: ContainerFinderDeps) {
    this.#deps = deps;
  }

  /** Looks when it is time to; resolves when that look is over. Never rejects. */
  refresh(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking;
    if (this.#closed || this.#deps.clock.monotonic() < this.#nextAt) return Promise.resolve();
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Seconds that each container has run by now; `hostUptime` in seconds. */
  uptimes(hostUptime: number | null): Record<ContainerName, number | null> {
    const seconds = (name: ContainerName): number | null => {
      const first = this.#found.get(name);
      if (first === undefined || hostUptime === null) return null;
      const ran = hostUptime - first.startTicks / TICKS_PER_SECOND;
      // In LXC the uptime is the guest's and the start of a process the host's: they cannot be set against each other.
      return ran < -1 ? null : round2(Math.max(0, ran));
    };
    return { bot: seconds("bot"), broker: seconds("broker"), dashboard: seconds("dashboard") };
  }

  close(): void {
    this.#closed = true;
  }

  async #look(): Promise<void> {
    const { clock } = this.#deps;
    let spent = 0;
    if (!this.#allAlive()) {
      try {
        const look = await this.#scan();
        this.#found = assignRoles(look.processes);
        spent = look.spent;
      } catch {
        this.#found = new Map();
      }
    }
    this.#nextAt = clock.monotonic() + Math.max(EVERY_MS, spent / MAX_SHARE);
  }

  /** A number of a process may be used again; with the start beside it, it is the same one. */
  #allAlive(): boolean {
    const firsts = CONTAINERS.map((name) => this.#found.get(name));
    return firsts.every((first) => first !== undefined && this.#startOf(first.pid) === first.startTicks);
  }

  async #scan(): Promise<{ processes: ContainedProcess[]; spent: number }> {
    const { procRoot, clock } = this.#deps;
    const pids = (await readdir(procRoot)).filter((name) => /^[1-9]\d{0,9}$/.test(name)).map(Number);
    const namespaced = liesOutside(this.#read(1, "cgroup") ?? "");
    const processes: ContainedProcess[] = [];
    let spent = 0;
    let sliceStart = clock.monotonic();
    for (const pid of pids) {
      const process = this.#describe(pid, namespaced);
      if (process !== null) processes.push(process);
      if (clock.monotonic() - sliceStart < SLICE_MS) continue;
      spent += clock.monotonic() - sliceStart;
      await nextTurn();
      if (this.#closed) break;
      sliceStart = clock.monotonic();
    }
    return { processes, spent: spent + clock.monotonic() - sliceStart };
  }

  #describe(pid: number, namespaced: boolean): ContainedProcess | null {
    const container = containerOf(this.#read(pid, "cgroup") ?? "", namespaced);
    if (container === null) return null;
    const startTicks = this.#startOf(pid);
    if (startTicks === null) return null;
    return { pid, container, startTicks, role: roleOf(this.#read(pid, "cmdline") ?? "") };
  }

  #startOf(pid: number): number | null {
    return parseStartTicks(this.#read(pid, "stat") ?? "");
  }

  #read(pid: number, name: string): string | null {
    return readHead(join(this.#deps.procRoot, String(pid), name), this.#buffer);
  }
}
