import { totalmem } from "node:os";
import type { AgentNotice } from "../core/channel/protocol.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { familyBytes } from "./resident.ts";

const EVERY_MS = 2_000;
const MIB = 1024 * 1024;
/** Of what the bot may have: the rest is for the bot itself and the files that agents work on. */
const SHARE = 0.75;

export interface AgentMemoryDeps {
  readonly agents: () => readonly AgentNotice[];
  /** What all together may take, MiB; undefined: three quarters of what there is. */
  readonly ceilingMb: () => Promise<number | undefined>;
  /** Has an agent end if it is idle still. */
  readonly end: (agent: AgentNotice) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of a process and all that it has started, bytes. */
  readonly measure?: (pid: number) => Promise<number>;
}

/**
 * Keeps all agents together, with what they started, under a ceiling: over it the one that has been idle longest is
 * ended, one at each look. Its thread goes on in the same session with the next message. One at work is never ended for
 * it; where all are, the log says so, and the kernel ends an agent before the bot when memory is out.
 */
export class AgentMemory {
  readonly #deps: AgentMemoryDeps;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  /** Whether it was said that nothing can be done. */
  #saidSo = false;

  constructor(deps: AgentMemoryDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.after(EVERY_MS, () => {
      void this.#look().finally(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { agents, ceilingMb, measure = familyBytes, end, log } = this.#deps;
    const all = agents();
    if (all.length === 0) return;
    const sizes = await Promise.all(all.map(({ pid }) => measure(pid)));
    const taken = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const ceiling = ceilingBytes(await ceilingMb());
    const fields = { agents: all.length, takenMb: Math.round(taken / MIB), ceilingMb: Math.round(ceiling / MIB) };
    if (taken <= ceiling) {
      this.#saidSo = false;
      return;
    }
    const longest = longestIdle(all);
    if (longest !== undefined) {
      log.warn(
        { ...fields, threadId: longest.threadId, pid: longest.pid },
        "agents take too much: an idle one is ended",
      );
      end(longest);
    } else if (!this.#saidSo) {
      this.#saidSo = true;
      log.warn(fields, "agents take more than agentMemoryMb, and all are at work");
    }
  }
}

/** Pure. */
export function longestIdle(agents: readonly AgentNotice[]): AgentNotice | undefined {
  return agents.filter(({ state }) => state === "idle").sort((a, b) => a.since - b.since)[0];
}

/** The limit of this process' container counts where it is below what the machine has. */
function ceilingBytes(mb: number | undefined): number {
  if (mb !== undefined) return mb * MIB;
  const limit = process.constrainedMemory();
  const total = totalmem();
  return SHARE * (limit > 0 && limit < total ? limit : total);
}
