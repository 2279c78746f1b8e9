/** What the stack takes on an operator's machine: of its disk, of its memory, of their time. */
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRow } from "../bench.ts";
import { docker } from "../../test/docker/support/docker.ts";
import { SERVICES } from "../../test/docker/support/stack.ts";
import type { Service, Stack } from "../../test/docker/support/stack.ts";

const BASE = "node:22-bookworm-slim";
const AGENT = "/app/node_modules/@anthropic-ai/claude-agent-sdk-linux-*/claude";
/** Docker counts megabytes of 10^6 bytes. */
const MB = 1e6;
const KIB = 1024;
const MOST_MB: Readonly<Record<Service, number>> = { broker: 40, bot: 120, dashboard: 60 };
const MOST_MEMORY_MB: Readonly<Record<Service, number>> = { broker: 80, bot: 129, dashboard: 90 };
const MOST_SECONDS = 20;
/** After the start there is garbage that goes by itself. */
const SETTLE_MS = 10_000;
const SAMPLES = 8;
const SAMPLE_MS = 1000;

/** Sizes of the images without their base; the bot's also without the agent's binary, which is the SDK's. */
export async function imageSizes(stack: Stack): Promise<BenchRow[]> {
  // Some builders keep the base to themselves.
  const base = await sizeOf(BASE).catch(async () => {
    await docker("pull", "--quiet", BASE);
    return await sizeOf(BASE);
  });
  const agent = Number(
    await docker("run", "--rm", "--network", "none", stack.image("bot"), "sh", "-c", `stat -c %s ${AGENT}`),
  );
  const rows: BenchRow[] = [];
  for (const service of SERVICES) {
    const own = (await sizeOf(stack.image(service))) - base;
    const what = `image of the ${service}, without its base`;
    if (service === "bot") rows.push(row(`${what}, with the agent's binary`, own / MB, "MB"));
    const less = service === "bot" ? own - agent : own;
    rows.push(row(service === "bot" ? `${what} and the agent's binary` : what, less / MB, "MB", MOST_MB[service]));
  }
  return rows;
}

async function sizeOf(image: string): Promise<number> {
  return Number(await docker("image", "inspect", "--format", "{{.Size}}", image));
}

/** Seconds from `./tinyclaw.sh start` to three healthy services. The stack must be down. */
export async function startTime(stack: Stack): Promise<BenchRow[]> {
  return [row("from start to all healthy", (await stack.up()) / 1000, "s", MOST_SECONDS)];
}

/**
 * Memory of the containers while nothing happens, the least of some seconds, since health checks come and go; no agent
 * may run. Told twice: what the kernel charges the container for, without the page cache, which it calls the group's RSS;
 * and the resident sets of its processes added up, with the Node binary, which lies in memory once for all three.
 */
export async function idleMemory(stack: Stack): Promise<BenchRow[]> {
  await pause(SETTLE_MS);
  const samples: Record<Service, Memory[]> = { broker: [], bot: [], dashboard: [] };
  for (let n = 0; n < SAMPLES; n += 1) {
    for (const service of SERVICES) samples[service].push(await memoryOf(stack, service));
    await pause(SAMPLE_MS);
  }
  return SERVICES.flatMap((service) => {
    const what = `idle memory of the ${service}${service === "bot" ? ", without agents" : ""}`;
    const least = (of: keyof Memory): number => Math.min(...samples[service].map((one) => one[of])) / MB;
    return [
      row(what, least("own"), "MB", MOST_MEMORY_MB[service]),
      row(`${what}, resident sets added up`, least("resident"), "MB", MOST_MEMORY_MB[service]),
    ];
  });
}

/** Bytes. */
interface Memory {
  readonly own: number;
  readonly resident: number;
}

async function memoryOf(stack: Stack, service: Service): Promise<Memory> {
  // Control groups of version 1, then of version 2.
  const files = "/sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat";
  const { stdout } = await stack.exec(service, "sh", "-c", `cat ${files} 2>/dev/null`);
  const own = Number(/^(?:total_rss|anon) (\d+)$/m.exec(stdout)?.[1]);
  const table = await docker("top", await stack.container(service), "-o", "pid,rss,args");
  const rows = table.split("\n").slice(1);
  const programs = rows.filter((line) => !line.includes("--check"));
  return { own, resident: programs.reduce((sum, line) => sum + Number(/^\s*\d+\s+(\d+)/.exec(line)?.[1]) * KIB, 0) };
}

function row(what: string, value: number, unit: string, most?: number): BenchRow {
  const aim = most === undefined ? {} : { target: `≤ ${most}`, ok: value <= most };
  return { area: "docker", what, value, unit, ...aim };
}
