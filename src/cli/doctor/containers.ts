/** The stack's containers, as `docker inspect` tells of them. Pure. */
import { z } from "../../core/zod.ts";
import { bad, ok, skipped, type Finding } from "../setup/finding.ts";
import { parse } from "./engine.ts";

export const SERVICES = ["broker", "bot", "dashboard"] as const;
export type Service = (typeof SERVICES)[number];

const containerSchema = z.object({
  Id: z.string(),
  /** Of the image it was made from. */
  Image: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string(), Log: z.array(z.object({ Output: z.string() })).nullish() }).nullish(),
  }),
  Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
  NetworkSettings: z.object({
    Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullish()).nullish(),
  }),
});
export type Container = z.infer<typeof containerSchema>;

const SERVICE_LABEL = "com.docker.compose.service";
const ONE_OFF_LABEL = "com.docker.compose.oneoff";
/** A restart as long ago as this is history. */
const RECENT_MS = 15 * 60_000;
/** Where the dashboard belongs, and the others have nothing to publish. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** From `docker inspect ID…`: the containers of our services, by service. */
export function parseContainers(text: string): ReadonlyMap<Service, Container> {
  const all = parse(text, z.array(containerSchema)) ?? [];
  const found = new Map<Service, Container>();
  for (const container of all) {
    const labels = container.Config.Labels ?? {};
    // `docker compose run` leaves such behind.
    if (labels[ONE_OFF_LABEL] === "True") continue;
    const service = SERVICES.find((name) => name === labels[SERVICE_LABEL]);
    if (service !== undefined) found.set(service, container);
  }
  return found;
}

/** One line for each service. `images`: id by name, of the images as they were built last. */
export function containerFindings(
  containers: ReadonlyMap<Service, Container>,
  images: ReadonlyMap<string, string>,
  now: number,
): Finding[] {
  if (containers.size === 0) return [skipped("Stack", "does not run", "./tinyclaw.sh start")];
  return SERVICES.map((service) => {
    const container = containers.get(service);
    const what = `Container ${service}`;
    if (container === undefined) return bad(what, "is not there", "./tinyclaw.sh start");
    return faultOf(service, container, now) ?? staleness(what, container, images) ?? ok(what, healthOf(container));
  });
}

function faultOf(service: Service, { State, RestartCount }: Container, now: number): Finding | undefined {
  const what = `Container ${service}`;
  const logs = `./tinyclaw.sh logs ${service}`;
  const memory = State.OOMKilled ? ", it ran out of memory" : "";
  if (State.Status === "restarting") {
    return bad(
      what,
      `ends as soon as it is started (exit status ${State.ExitCode}${meaning(State.ExitCode)}${memory})`,
      logs,
    );
  }
  if (!State.Running) return bad(what, `is stopped (exit status ${State.ExitCode}${memory})`, "./tinyclaw.sh start");
  if (State.Health?.Status === "unhealthy") {
    return bad(what, `is ill: ${State.Health.Log?.at(-1)?.Output.trim() || "its check fails"}`, logs);
  }
  const isRecent = now - Date.parse(State.StartedAt) < RECENT_MS;
  return RestartCount > 0 && isRecent
    ? bad(what, `was started again ${RestartCount} times, the last at ${State.StartedAt}${memory}`, logs)
    : undefined;
}

function meaning(status: number): string {
  if (status === 125) return ", a variable is missing or wrong";
  return status === 70 ? ", it gave up" : "";
}

function staleness(
  what: string,
  { Image, Config }: Container,
  images: ReadonlyMap<string, string>,
): Finding | undefined {
  const built = images.get(Config.Image);
  if (built === undefined || built === Image) return undefined;
  return bad(what, `runs an older ${Config.Image} than the one that was built last`, "./tinyclaw.sh start");
}

function healthOf({ State }: Container): string {
  const health = State.Health?.Status ?? "running";
  return health === "starting" ? "is starting" : health;
}

/** Whether this machine alone reaches what is published. */
export function portFinding(containers: ReadonlyMap<Service, Container>): Finding | undefined {
  const published = [...containers].flatMap(([service, { NetworkSettings }]) =>
    Object.values(NetworkSettings.Ports ?? {}).flatMap((places) =>
      (places ?? []).map(({ HostIp, HostPort }) => ({ service, HostIp, HostPort })),
    ),
  );
  const open = published.filter(({ service, HostIp }) => service !== "dashboard" || !LOOPBACK.includes(HostIp));
  const told = (list: typeof published): string =>
    list.map(({ service, HostIp, HostPort }) => `${service} on ${HostIp || "0.0.0.0"}:${HostPort}`).join(", ");
  if (open.length > 0)
    return bad(
      "Ports",
      `open to others: ${told(open)}`,
      "publish the dashboard on 127.0.0.1 alone, and nothing else: look at compose.override.yaml",
    );
  return published.length === 0 ? undefined : ok("Ports", `${told(published)}, and nothing else`);
}
