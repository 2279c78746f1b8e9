import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "./zod.ts";

const optionalTime = z.number().nonnegative().optional().catch(undefined);

const worker = z.looseObject({
  name: z.string(),
  state: z.string(),
  startedAt: optionalTime,
  lastBeat: optionalTime,
  lastError: z.string().optional().catch(undefined),
});
export type WorkerRecord = z.infer<typeof worker>;

const broker = z.looseObject({ state: z.string(), startedAt: optionalTime });

/** What is needed of `status/supervisor.json`; a part that is missing or odd does not spoil the rest. */
const record = z.looseObject({
  timestamp: z.number().nonnegative(),
  state: z.string().catch("unknown"),
  startedAt: optionalTime,
  workers: z.array(z.unknown()).catch([]),
  broker: broker.optional().catch(undefined),
});

export interface SupervisorRecord {
  /** Epoch ms of the writing. */
  readonly timestamp: number;
  readonly state: string;
  readonly startedAt: number | undefined;
  readonly workers: readonly WorkerRecord[];
  readonly broker: z.infer<typeof broker> | undefined;
  /** All of it, as it was written. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Undefined when the value is no such record. An older file's `ts` is read as `timestamp`. */
export function parseSupervisorRecord(value: unknown): SupervisorRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const whole = value as Record<string, unknown>;
  const parsed = record.safeParse({ ...whole, timestamp: whole["timestamp"] ?? whole["ts"] });
  if (!parsed.success) return undefined;
  const { timestamp, state, startedAt, broker } = parsed.data;
  const workers = parsed.data.workers.flatMap((item) => worker.safeParse(item).data ?? []);
  return { timestamp, state, startedAt, workers, broker, whole };
}

/** Of a data directory, as it stands in its `status/supervisor.json`; undefined when there is none that can be read. */
export async function readSupervisorRecord(dir: string): Promise<SupervisorRecord | undefined> {
  try {
    return parseSupervisorRecord(JSON.parse(await readFile(join(dir, "status", "supervisor.json"), "utf8")));
  } catch {
    return undefined;
  }
}
