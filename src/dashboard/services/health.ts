import type { SupervisorRecord, WorkerRecord } from "../../core/supervisor-record.ts";

export const SERVICES = ["supervisor", "telegram", "queue", "broker", "dashboard"] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Health {
  readonly state: "up" | "down" | "unknown";
  /** Epoch ms. */
  readonly since: number;
}

/** `since` is undefined where the record does not tell. */
interface Verdict {
  readonly state: Health["state"];
  readonly since?: number | undefined;
}

/** The supervisor writes its record every 2 s at the latest, and a worker beats four times a second. */
const STALE_MS = 10_000;

const UNKNOWN: Verdict = { state: "unknown" };

/** What the supervisor's record says of each service at the time `now`. Pure. */
export function judge(
  record: SupervisorRecord | undefined,
  now: number,
): Record<Exclude<ServiceName, "dashboard">, Verdict> {
  if (record === undefined) return { supervisor: UNKNOWN, telegram: UNKNOWN, queue: UNKNOWN, broker: UNKNOWN };
  // One from the future was written before the clock was set back, and not since.
  const stale = Math.abs(now - record.timestamp) > STALE_MS;
  if (stale || record.state === "stopped" || record.state === "gave-up") {
    const down: Verdict = { state: "down", since: Math.min(record.timestamp, now) };
    return { supervisor: down, telegram: down, queue: down, broker: UNKNOWN };
  }
  const workerCalled = (name: string): WorkerRecord | undefined => record.workers.find((found) => found.name === name);
  return {
    supervisor: { state: "up", since: record.startedAt },
    telegram: judgeWorker(workerCalled("telegram"), record.timestamp),
    queue: judgeWorker(workerCalled("queue"), record.timestamp),
    broker: judgeBroker(record.broker),
  };
}

function judgeWorker(worker: WorkerRecord | undefined, writtenAt: number): Verdict {
  switch (worker?.state) {
    case "running":
    case "draining": {
      const { lastBeat = 0, startedAt } = worker;
      // 0 is "not yet".
      const hangs = lastBeat > 0 && writtenAt - lastBeat > STALE_MS;
      return hangs ? { state: "down", since: lastBeat } : { state: "up", since: startedAt };
    }
    case "terminating":
    case "stopped":
    case "backoff":
    case "failed":
      return { state: "down" };
    default:
      return UNKNOWN;
  }
}

const BROKER_UP: ReadonlySet<string> = new Set(["up", "ok", "ready", "running", "degraded"]);
const BROKER_UNKNOWN: ReadonlySet<string> = new Set(["unknown", "not_configured", "starting"]);

/** The words are those of the broker's own readiness, and what one says of a program that does not answer. */
function judgeBroker(broker: SupervisorRecord["broker"]): Verdict {
  if (broker === undefined || BROKER_UNKNOWN.has(broker.state)) return UNKNOWN;
  return BROKER_UP.has(broker.state) ? { state: "up", since: broker.startedAt } : { state: "down" };
}

/** Remembers since when each service is as it is, where the record does not tell: since it was first seen so. */
export class HealthLog {
  readonly #startedAt: number;
  readonly #seen = new Map<ServiceName, Health>();

  /** `startedAt`: of the dashboard itself, epoch ms. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  observe(record: SupervisorRecord | undefined, now: number): Record<ServiceName, Health> {
    const verdicts = { ...judge(record, now), dashboard: { state: "up", since: this.#startedAt } as const };
    const see = (name: ServiceName): Health => {
      const { state, since } = verdicts[name];
      const before = this.#seen.get(name);
      const health = { state, since: since ?? (before?.state === state ? before.since : now) };
      this.#seen.set(name, health);
      return health;
    };
    return {
      supervisor: see("supervisor"),
      telegram: see("telegram"),
      queue: see("queue"),
      broker: see("broker"),
      dashboard: see("dashboard"),
    };
  }
}
