/** What `/metrics` answers: Prometheus' text format 0.0.4. Pure. */
import type { LoopDelay } from "./api/deps.ts";
import type { StatusSnapshot } from "./services/services.ts";

export interface PrometheusInput {
  readonly status: StatusSnapshot;
  readonly streams: readonly { readonly topic: string; readonly size: number; readonly generations: number }[];
  readonly server: {
    readonly requestsByStatus: ReadonlyMap<number, number>;
    readonly sockets: number;
    readonly subscriptions: number;
    readonly openAnswers: number;
  };
  readonly loopDelay: LoopDelay;
  readonly rssBytes: number;
  readonly version: string;
  readonly node: string;
  /** Epoch ms. */
  readonly startedAt: number;
}

type Labels = Readonly<Record<string, string | number>>;
/** Null is unknown, and left out: 0 would be a claim. */
type Sample = readonly [Labels, number | null | undefined];

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** `status` of a thread is text from a file: others than these would be labels without end. */
const THREAD_STATES = ["idle", "queued", "running", "closed"];

export function renderPrometheus(input: PrometheusInput): string {
  return [...host(input.status), ...system(input.status), ...server(input), ...ownProcess(input)].map(render).join("");
}

function host({ metrics }: StatusSnapshot): Family[] {
  const { cpu, memory, disk, load, pressure } = metrics;
  const bytes = (room: { total: number | null; used: number | null; available: number | null }): Sample[] =>
    (["total", "used", "available"] as const).map((kind) => [{ kind }, room[kind]]);
  return [
    gauge("host_cpu_ratio", "Share of the CPU's time of the last second, 0 to 1.", [
      [{ mode: "busy" }, ratio(cpu.percent)],
      [{ mode: "iowait" }, ratio(cpu.iowait)],
      [{ mode: "steal" }, ratio(cpu.steal)],
    ]),
    gauge("host_memory_bytes", "Memory; used is what is not available.", bytes(memory)),
    gauge("host_disk_bytes", "Room on the file system of the data directory, as df counts it.", bytes(disk)),
    gauge("host_load", "Load average.", [
      [{ minutes: 1 }, load[0]],
      [{ minutes: 5 }, load[1]],
      [{ minutes: 15 }, load[2]],
    ]),
    gauge(
      "host_pressure_ratio",
      "Share of the last second in which some task waited for the resource, 0 to 1.",
      (["cpu", "memory", "io"] as const).map((resource) => [{ resource }, ratio(pressure?.[resource]?.some?.now)]),
    ),
    gauge("host_uptime_seconds", "Time since the host was booted.", [[{}, metrics.uptime]]),
    counter("host_oom_kills_total", "Processes killed for want of memory since boot.", [[{}, metrics.oomKills]]),
    gauge(
      "container_uptime_seconds",
      "Time that each container has run; none where it is not found.",
      Object.entries(metrics.containers).map(([container, uptime]) => [{ container }, uptime]),
    ),
  ];
}

function system({ services, queue, threads, messages }: StatusSnapshot): Family[] {
  const stateOf = (status: unknown): string => THREAD_STATES.find((state) => state === status) ?? "other";
  return [
    gauge(
      "service_up",
      "1 up, 0 down; none where it is not known.",
      Object.entries(services).map(([service, { state }]) => [
        { service },
        state === "unknown" ? null : Number(state === "up"),
      ]),
    ),
    gauge(
      "queue_messages",
      "Messages in each folder of the queue.",
      Object.entries(queue).map(([folder, count]) => [{ folder }, count]),
    ),
    gauge("messages_received", "Messages that came in during the window.", [
      [{ window: "1h" }, messages.lastHour],
      [{ window: "24h" }, messages.lastDay],
    ]),
    gauge(
      "threads",
      "Threads by their status.",
      [...THREAD_STATES, "other"].map((state) => [
        { state },
        threads.filter(({ status }) => stateOf(status) === state).length,
      ]),
    ),
  ];
}

function server({
  server: { requestsByStatus, sockets, subscriptions, openAnswers },
  streams,
}: PrometheusInput): Family[] {
  return [
    counter(
      "http_requests_total",
      "Requests answered, by status.",
      [...requestsByStatus].map(([status, count]) => [{ status }, count]),
    ),
    gauge("websockets", "WebSockets that are open.", [[{}, sockets]]),
    gauge("subscriptions", "Subscriptions of all WebSockets.", [[{}, subscriptions]]),
    gauge("http_open_answers", "Answers that are still being written: feeds, exports, searches.", [[{}, openAnswers]]),
    gauge(
      "stream_bytes",
      "Size of the file that grows, by topic.",
      streams.map(({ topic, size }) => [{ topic }, size]),
    ),
    gauge(
      "stream_files",
      "Files of a topic that are known, the rolled ones among them.",
      streams.map(({ topic, generations }) => [{ topic }, generations]),
    ),
  ];
}

function ownProcess({ loopDelay, rssBytes, version, node, startedAt }: PrometheusInput): Family[] {
  return [
    gauge("process_resident_memory_bytes", "Resident memory of the dashboard.", [[{}, rssBytes]]),
    gauge("process_start_time_seconds", "When the dashboard was started, since the epoch.", [[{}, startedAt / 1_000]]),
    gauge("process_event_loop_delay_seconds", "Lateness of the dashboard's event loop since the last scrape.", [
      [{ stat: "mean" }, loopDelay.mean],
      [{ stat: "p99" }, loopDelay.p99],
      [{ stat: "max" }, loopDelay.max],
    ]),
    gauge("build_info", "Always 1; the versions are the labels.", [[{ version, node }, 1]]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `tinyclaw_${name}`, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `tinyclaw_${name}`, type: "counter", help, samples };
}

function ratio(percent: number | null | undefined): number | null {
  return percent === null || percent === undefined ? null : percent / 100;
}

function render({ name, type, help, samples }: Family): string {
  const lines = samples.flatMap(([labels, value]) =>
    isNumber(value) ? [`${name}${labelText(labels)} ${value}\n`] : [],
  );
  return `# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escape(String(value)).replaceAll('"', String.raw`\"`)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}
