/** Counters and gauges in Prometheus' text format. Labels are of small sets: never an owner or a repository. */

type Labels = Readonly<Record<string, string>>;

const HELP = {
  broker_requests_total: ["counter", "Requests answered, by client, route and status code"],
  broker_mints_total: ["counter", "Tokens asked of GitHub, by result"],
  broker_cache_total: ["counter", "Tokens handed out, by where they came from"],
  broker_policy_denied_total: ["counter", "Requests that the policy denied, by client and kind"],
  broker_scope_escalations_total: ["counter", "Replies of GitHub wider than what was asked"],
  broker_upstream_seconds: ["histogram", "Time that calls of GitHub took"],
  broker_request_seconds: ["histogram", "Time from a request's arrival to its answer"],
  broker_clock_skew_seconds: ["gauge", "GitHub's clock less this machine's"],
  broker_key_loaded_timestamp: ["gauge", "When the App's keys were last loaded, epoch seconds"],
  broker_circuit_state: ["gauge", "1 while GitHub is not called because it kept failing"],
  broker_cached_tokens: ["gauge", "Tokens held"],
} as const;
type Name = keyof typeof HELP;

/** Upper bounds, seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  readonly #values = new Map<Name, Map<string, number>>();
  readonly #histograms = new Map<Name, Histogram>();

  add(name: Name, labels: Labels = {}): void {
    const values = this.#values.get(name) ?? new Map<string, number>();
    const key = labelText(labels);
    values.set(key, (values.get(key) ?? 0) + 1);
    this.#values.set(name, values);
  }

  set(name: Name, value: number): void {
    this.#values.set(name, new Map([["", value]]));
  }

  observe(name: Name, seconds: number): void {
    const histogram = this.#histograms.get(name) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
    const at = BUCKETS.findIndex((bound) => seconds <= bound);
    if (at >= 0) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
    histogram.sum += seconds;
    histogram.count += 1;
    this.#histograms.set(name, histogram);
  }

  render(): string {
    const lines = (Object.keys(HELP) as Name[]).flatMap((name) => {
      const [type, help] = HELP[name];
      return [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...this.#valueLines(name),
        ...this.#histogramLines(name),
      ];
    });
    return `${lines.join("\n")}\n`;
  }

  #valueLines(name: Name): string[] {
    return [...(this.#values.get(name) ?? [])].map(([labels, value]) => `${name}${labels} ${value}`);
  }

  #histogramLines(name: Name): string[] {
    const histogram = this.#histograms.get(name);
    if (histogram === undefined) return [];
    let below = 0;
    const lines = BUCKETS.map((bound, index) => {
      below += histogram.counts[index] ?? 0;
      return `${name}_bucket{le="${bound}"} ${below}`;
    });
    return [
      ...lines,
      `${name}_bucket{le="+Inf"} ${histogram.count}`,
      `${name}_sum ${histogram.sum}`,
      `${name}_count ${histogram.count}`,
    ];
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${value.replace(/[\\"\n]/g, "_")}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
