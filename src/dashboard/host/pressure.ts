import { percentOf } from "./percent.ts";

/** What the kernel says of one line: averages over 10, 60 and 300 s, percent, and the time lost since boot, µs. */
export interface StallReading {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalMicros: number;
}

/** `some`: at least one task stood still; `full`: all of them did. Kernels before 5.13 have no `full` for the CPU. */
export interface PressureReading {
  readonly some: StallReading | null;
  readonly full: StallReading | null;
}

/** Share of the time in which tasks stood still for want of a resource, percent. */
export interface Stall {
  /** Since the sample before; null where that one does not tell. */
  readonly now: number | null;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface Pressure {
  readonly some: Stall | null;
  readonly full: Stall | null;
}

const LINES = { some: lineOf("some"), full: lineOf("full") };

/** A file of `/proc/pressure`; null when neither line is there. */
export function parsePressure(text: string): PressureReading | null {
  const some = parseLine(text, LINES.some);
  const full = parseLine(text, LINES.full);
  return some === null && full === null ? null : { some, full };
}

/** What a reading says, with what happened in the `elapsedMs` since the one before (null: not known). */
export function pressureSince(before: PressureReading | null, now: PressureReading, elapsedMs: number): Pressure {
  return {
    some: stallSince(before?.some, now.some, elapsedMs),
    full: stallSince(before?.full, now.full, elapsedMs),
  };
}

function stallSince(
  before: StallReading | null | undefined,
  now: StallReading | null,
  elapsedMs: number,
): Stall | null {
  if (now === null) return null;
  const { totalMicros, ...averages } = now;
  return { now: before ? percentOf(totalMicros - before.totalMicros, elapsedMs * 1_000) : null, ...averages };
}

function lineOf(name: string): RegExp {
  const number = String.raw`(\d{1,3}\.\d{1,2})`;
  return new RegExp(String.raw`^${name} avg10=${number} avg60=${number} avg300=${number} total=(\d+)$`, "m");
}

/** The kernel's fixed-point averages may be a hair above 100. */
function parseLine(text: string, line: RegExp): StallReading | null {
  const found = line.exec(text);
  if (found === null) return null;
  const percent = (at: number): number => Math.min(100, Number(found[at]));
  return { avg10: percent(1), avg60: percent(2), avg300: percent(3), totalMicros: Number(found[4]) };
}
