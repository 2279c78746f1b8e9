/** `--check`: whether the bot that runs here is well, as Docker's health check asks every few seconds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../core/errors.ts";
import type { Finding } from "../core/readiness.ts";
import { parseSupervisorRecord, type SupervisorRecord, type WorkerRecord } from "../core/supervisor-record.ts";

/** The record is replaced every 2 s at the latest, and a worker beats four times a second. */
const STALE_MS = 10_000;

/** Reads `<dir>/status/supervisor.json` and judges it. Never rejects. */
export async function check(dir: string, now: number): Promise<Finding> {
  const path = join(dir, "status", "supervisor.json");
  try {
    const record = parseSupervisorRecord(JSON.parse(await readFile(path, "utf8")));
    return record === undefined ? ill(`${path} is no record of a supervisor`) : judgeRecord(record, now);
  } catch (error) {
    return ill(`${path} cannot be read (${errorCode(error) ?? "it is no JSON"})`);
  }
}

/**
 * Well is a bot that runs, tells so, and lacks no worker. One that is being started again is not lacking: it is there in
 * some seconds, and if not, the supervisor gives up and Docker takes over. Pure.
 */
export function judgeRecord(record: SupervisorRecord, now: number): Finding {
  const age = now - record.timestamp;
  // One from the future was written before the clock was set back, and not since.
  if (Math.abs(age) > STALE_MS) return ill(`the bot has not told of itself for ${Math.round(Math.abs(age) / 1000)} s`);
  if (record.state !== "running") return ill(`the bot is ${record.state}`);
  const faults = record.workers.flatMap((worker) => faultOf(worker, record.timestamp) ?? []);
  return faults.length > 0 ? ill(faults.join("; ")) : { healthy: true, text: "the bot is running" };
}

function faultOf({ name, state, lastBeat = 0, lastError }: WorkerRecord, writtenAt: number): string | undefined {
  if (state === "failed") return `worker ${name} failed for good: ${lastError ?? "see its log"}`;
  // 0 is "not yet".
  const hangs = state === "running" && lastBeat > 0 && writtenAt - lastBeat > STALE_MS;
  return hangs ? `worker ${name} hangs` : undefined;
}

function ill(text: string): Finding {
  return { healthy: false, text };
}
