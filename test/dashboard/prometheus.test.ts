import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownMetrics } from "../../src/dashboard/host/metrics.ts";
import type { HostMetrics } from "../../src/dashboard/host/metrics.ts";
import { renderPrometheus } from "../../src/dashboard/prometheus.ts";
import type { PrometheusInput } from "../../src/dashboard/prometheus.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;

/** Reads format 0.0.4 and takes nothing that is not in it: HELP, TYPE, then the samples of that family, no two alike. */
function parse(text: string): Sample[] {
  assert.ok(text.endsWith("\n"));
  const samples: Sample[] = [];
  const [families, series] = [new Set<string>(), new Set<string>()];
  let family: string | undefined;
  let helped: string | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$/.exec(line)?.[1];
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:gauge|counter)$/.exec(line)?.[1];
    if (help !== undefined) {
      assert.ok(!families.has(help), `${help} comes twice`);
      families.add(help);
      helped = help;
      family = undefined;
    } else if (type !== undefined) {
      assert.equal(type, helped);
      family = type;
    } else {
      const [, name, labelText = "", value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      assert.ok(name !== undefined && name === family, line);
      assert.match(value ?? "", /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/);
      assert.ok(!series.has(`${name}{${labelText}}`), `${line} comes twice`);
      series.add(`${name}{${labelText}}`);
      samples.push({ name, labels: labelsOf(labelText), value: Number(value) });
    }
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== "";) {
    const found = LABEL.exec(rest);
    assert.ok(found !== null, `no label: ${rest}`);
    labels[found[1] ?? ""] = (found[2] ?? "").replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
    rest = rest.slice(found[0].length);
  }
  return labels;
}

const known: HostMetrics = {
  ...unknownMetrics(5),
  cpu: { percent: 25, iowait: 1.5, steal: 0, cores: [] },
  memory: { ...unknownMetrics(5).memory, total: 100, used: 40, available: 60, percent: 40 },
  load: [0.5, 1, 1e21],
  oomKills: 2,
};

function input(change: Partial<PrometheusInput> = {}, metrics = known): PrometheusInput {
  const up = { state: "up", since: 1 } as const;
  return {
    status: {
      services: {
        supervisor: up,
        telegram: { state: "down", since: 1 },
        queue: up,
        broker: { state: "unknown", since: 1 },
        dashboard: up,
      },
      queue: { incoming: 3, processing: 0, outgoing: 0, deadLetter: 1, corrupt: null },
      threads: [
        { id: 1, status: "idle" },
        { id: 5, status: '"}\nevil 1' },
        { id: 6, status: "running" },
      ],
      messages: { lastHour: 4, lastDay: 40 },
      metrics,
      supervisor: null,
    },
    streams: [{ topic: "messages", size: 10, generations: 2 }],
    server: {
      requestsByStatus: new Map([
        [200, 9],
        [404, 1],
      ]),
      sockets: 1,
      subscriptions: 2,
      openAnswers: 0,
    },
    loopDelay: { mean: 0.001, p99: 0.01, max: 0.1 },
    rssBytes: 1234,
    version: "1.0.0",
    node: "22.0.0",
    startedAt: 5_000,
    ...change,
  };
}

function find(samples: Sample[], name: string, labels: object = {}): number | undefined {
  const wanted = JSON.stringify(labels);
  return samples.find((sample) => sample.name === `tinyclaw_${name}` && JSON.stringify(sample.labels) === wanted)
    ?.value;
}

test("every sample is of a family with help and type, and no two are alike", () => {
  const samples = parse(renderPrometheus(input()));
  assert.ok(samples.every(({ name }) => name.startsWith("tinyclaw_")));
  assert.equal(find(samples, "host_cpu_ratio", { mode: "busy" }), 0.25);
  assert.equal(find(samples, "host_memory_bytes", { kind: "used" }), 40);
  assert.equal(find(samples, "host_load", { minutes: "15" }), 1e21);
  assert.equal(find(samples, "host_oom_kills_total"), 2);
  assert.equal(find(samples, "queue_messages", { folder: "deadLetter" }), 1);
  assert.equal(find(samples, "messages_received", { window: "1h" }), 4);
  assert.equal(find(samples, "http_requests_total", { status: "404" }), 1);
  assert.equal(find(samples, "stream_bytes", { topic: "messages" }), 10);
  assert.equal(find(samples, "process_start_time_seconds"), 5);
  assert.equal(find(samples, "process_resident_memory_bytes"), 1234);
});

test("what is not known is left out, and is not 0", () => {
  const samples = parse(renderPrometheus(input({}, unknownMetrics(5))));
  assert.equal(find(samples, "service_up", { service: "queue" }), 1);
  assert.equal(find(samples, "service_up", { service: "telegram" }), 0);
  assert.equal(find(samples, "service_up", { service: "broker" }), undefined);
  assert.equal(find(samples, "queue_messages", { folder: "corrupt" }), undefined);
  assert.ok(!samples.some(({ name }) => name.startsWith("tinyclaw_host_")));
  const odd = parse(renderPrometheus(input({ rssBytes: Number.NaN, loopDelay: { mean: Infinity, p99: 0, max: 0 } })));
  assert.equal(find(odd, "process_resident_memory_bytes"), undefined);
  assert.equal(find(odd, "process_event_loop_delay_seconds", { stat: "mean" }), undefined);
});

test("a status from a file is no label of its own", () => {
  const samples = parse(renderPrometheus(input())).filter(({ name }) => name === "tinyclaw_threads");
  assert.deepEqual(
    samples.map(({ labels, value }) => [labels["state"], value]),
    [
      ["idle", 1],
      ["queued", 0],
      ["running", 1],
      ["closed", 0],
      ["other", 1],
    ],
  );
});

test("values of labels are escaped", () => {
  const version = 'a"b\\c\nd';
  const samples = parse(renderPrometheus(input({ version })));
  assert.equal(find(samples, "build_info", { version, node: "22.0.0" }), 1);
});
