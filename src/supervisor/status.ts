import type { AgentNotice } from "../core/channel/protocol.ts";
import { removeLeftovers, replaceFile } from "../core/atomic-file.ts";
import type { Clock } from "../core/clock.ts";
import type { DiskLevel } from "../core/disk.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { BrokerState } from "./broker-check.ts";
import type { Child } from "./child.ts";
import { residentBytes } from "./resident.ts";

/** Between the end of a write and the next one, ms; with the write itself it must stay under the 2 s readers count on. */
const EVERY_MS = 1_500;

export type SupervisorState = "starting" | "running" | "stopping" | "stopped" | "gave-up";

/** What does not change while the supervisor runs. */
export interface Identity {
  readonly instance: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly version: string;
  readonly network?: string;
}

interface StatusDeps {
  readonly path: string;
  readonly identity: Identity;
  readonly children: readonly Child[];
  readonly state: () => SupervisorState;
  readonly broker: () => BrokerState;
  readonly disk: () => DiskLevel;
  /** The status could not be written. */
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps `status/supervisor.json` true: written at each change (changes within one write share the next) and every 2 s. */
export class StatusFile {
  readonly #deps: StatusDeps;
  #writing: Promise<void> | undefined;
  #again = false;
  #swept: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #closed = false;

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  /** Something changed. */
  touch(): void {
    if (this.#closed) return;
    if (this.#writing !== undefined) {
      this.#again = true;
      return;
    }
    this.#cancelTimer();
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#again) {
        this.#again = false;
        this.touch();
      } else if (!this.#closed) {
        this.#cancelTimer = this.#deps.clock.after(EVERY_MS, () => {
          this.touch();
        });
      }
    });
  }

  /** Writes a last time and stops. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { path, log } = this.#deps;
    try {
      await (this.#swept ??= removeLeftovers(path));
      await replaceFile(path, `${JSON.stringify(await this.#record())}\n`, { durable: false });
    } catch (error) {
      log.error({ path }, `the status could not be written: ${describeError(error)}`);
      this.#deps.onFault(error);
    }
  }

  async #record(): Promise<object> {
    const { identity, children, clock, state, broker, disk } = this.#deps;
    return {
      timestamp: clock.now(),
      ...identity,
      state: state(),
      workers: children.map(describeWorker),
      agents: await Promise.all(children.flatMap((child) => child.agents).map(describeAgent)),
      broker: broker(),
      disk: { level: disk() },
    };
  }
}

function describeWorker(child: Child): object {
  const lastPollOk = child.beat.get("lastPollOk");
  return {
    name: child.spec.name,
    state: child.state,
    startedAt: child.startedAt,
    restarts: child.restarts,
    ...(child.lastError === undefined ? {} : { lastError: child.lastError }),
    lastBeat: child.beat.get("beat"),
    ...(lastPollOk === 0 ? {} : { lastPollOk }),
    inFlight: child.beat.get("inFlight"),
    eventLoopUtilization: child.eventLoopUtilization(),
  };
}

async function describeAgent(agent: AgentNotice): Promise<object> {
  return { ...agent, rssBytes: await residentBytes(agent.pid) };
}
