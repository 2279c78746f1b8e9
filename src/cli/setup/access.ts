/** Whether a Cloudflare Access team exists. */
import { z } from "../../core/zod.ts";
import type { AccessConfig } from "../../dashboard/config.ts";
import { ask, type Probe } from "./ask.ts";

const keys = z.object({ keys: z.array(z.unknown()).min(1) });

/** Asks for the team's public keys, which the dashboard will need. That the audience is right shows at the first login. */
export async function probeAccess({ issuer }: AccessConfig, signal: AbortSignal): Promise<Probe<string>> {
  const reply = await ask({ url: `${issuer}/cdn-cgi/access/certs`, signal });
  if (reply.status === "unreachable") return reply;
  const { host } = new URL(issuer);
  if (reply.http === 200 && keys.safeParse(reply.json).success) return { status: "ok", value: host };
  if (reply.http >= 500) return { status: "unreachable", reason: `${host} answered ${reply.http}` };
  return {
    status: "refused",
    reason: `${host} is no team of Cloudflare Access (${reply.http})`,
    remedy: "copy the team domain from Zero Trust, Settings",
  };
}
