import type { Clock } from "../../core/clock.ts";
import { ContainerFinder } from "./containers.ts";
import { parseCpuStat, type CpuReading } from "./cpu-stat.ts";
import { cpuUsage } from "./cpu-usage.ts";
import { readDiskUsage } from "./disk-usage.ts";
import { parseLoadavg } from "./loadavg.ts";
import { parseMeminfo } from "./meminfo.ts";
import { unknownMetrics, type HostMetrics } from "./metrics.ts";
import { parsePressure, pressureSince, type Pressure, type PressureReading } from "./pressure.ts";
import { ProcFiles } from "./proc-file.ts";
import { parseUptime } from "./uptime.ts";
import { parseOomKills } from "./vmstat.ts";

const EVERY_MS = 1_000;
/** After a pause as long as this (the machine slept), shares since the last reading say nothing about now. */
const MAX_GAP_MS = 5_000;

export interface SamplerOptions {
  /** The procfs of the host. */
  readonly procRoot: string;
  /** A path on the file system whose room is shown. */
  readonly diskPath: string;
  readonly clock: Clock;
}

/** What only tells something beside the sample before it, and when it was read. */
interface Counters {
  readonly wall: number;
  readonly monotonic: number;
  readonly cpu: CpuReading | null;
  readonly pressure: Readonly<Record<Resource, PressureReading | null>>;
}

type Resource = "cpu" | "memory" | "io";
type Listener = (metrics: HostMetrics) => void;

/** Reads the host once a second, for all who ask: two readers of one counter would halve each other's time. */
export class HostSampler {
  readonly #options: SamplerOptions;
  readonly #files: ProcFiles;
  readonly #containers: ContainerFinder;
  readonly #listeners = new Set<Listener>();
  #current: HostMetrics;
  #before: Counters | null = null;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#files = new ProcFiles(options.procRoot);
    this.#containers = new ContainerFinder(options);
    this.#current = unknownMetrics(options.clock.now());
  }

  /** Takes the first sample at once, whose CPU shares are unknown. A second call does nothing. */
  start(): void {
    if (this.#cancelTimer !== undefined || this.#stopped) return;
    this.#tick(this.#options.clock.monotonic());
  }

  /** Ends for good and closes its files. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#containers.close();
    this.#files.close();
  }

  /** The last sample; before the first one nothing is known. */
  current(): HostMetrics {
    return this.#current;
  }

  /** Calls back with each sample, until the returned function is called. */
  onSample(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Takes a sample now: the timer's business, and a test's. */
  sample(): HostMetrics {
    const { clock, diskPath } = this.#options;
    void this.#containers.refresh();
    const uptime = this.#parse("uptime", parseUptime);
    const now = this.#readCounters();
    const before = this.#before !== null && areClose(this.#before, now) ? this.#before : null;
    this.#before = now;
    this.#current = {
      timestamp: clock.now(),
      cpu: cpuUsage(before?.cpu ?? null, now.cpu),
      memory: parseMeminfo(this.#files.read("meminfo") ?? ""),
      load: this.#parse("loadavg", parseLoadavg) ?? [null, null, null],
      disk: readDiskUsage(diskPath),
      uptime,
      pressure: pressures(before, now),
      oomKills: this.#parse("vmstat", parseOomKills),
      containers: this.#containers.uptimes(uptime),
    };
    return this.#current;
  }

  /** Keeps to whole seconds after the first sample, and leaves out those it comes too late for. */
  #tick(due: number): void {
    const { clock } = this.#options;
    const metrics = this.sample();
    const late = clock.monotonic() - due;
    const next = due + (late < EVERY_MS / 2 ? EVERY_MS : late + EVERY_MS);
    this.#cancelTimer = clock.after(next - clock.monotonic(), () => {
      this.#tick(next);
    });
    for (const listener of this.#listeners) listener(metrics);
  }

  #readCounters(): Counters {
    const { clock } = this.#options;
    return {
      wall: clock.now(),
      monotonic: clock.monotonic(),
      cpu: this.#parse("stat", parseCpuStat),
      pressure: {
        cpu: this.#parse("pressure/cpu", parsePressure),
        memory: this.#parse("pressure/memory", parsePressure),
        io: this.#parse("pressure/io", parsePressure),
      },
    };
  }

  #parse<T>(name: string, parse: (text: string) => T | null): T | null {
    const text = this.#files.read(name);
    return text === null ? null : parse(text);
  }
}

/** The monotonic clock stands still while the machine sleeps, the wall clock does not. */
function areClose(before: Counters, now: Counters): boolean {
  return Math.max(now.monotonic - before.monotonic, Math.abs(now.wall - before.wall)) <= MAX_GAP_MS;
}

/** Null where the kernel tells of none of the three. */
function pressures(before: Counters | null, now: Counters): HostMetrics["pressure"] {
  const elapsedMs = now.monotonic - (before ?? now).monotonic;
  const of = (name: Resource): Pressure | null => {
    const reading = now.pressure[name];
    return reading === null ? null : pressureSince(before?.pressure[name] ?? null, reading, elapsedMs);
  };
  const found = { cpu: of("cpu"), memory: of("memory"), io: of("io") };
  return Object.values(found).every((pressure) => pressure === null) ? null : found;
}
