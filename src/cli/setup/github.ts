/** Whether GitHub knows the App by this key, and what the App may do. */
import { sign, type KeyObject } from "node:crypto";
import { z } from "../../core/zod.ts";
import { ask, type Probe, type Reply, type Unreachable } from "./ask.ts";
import { bad, ok, probeFinding, type Finding } from "./finding.ts";

export interface AppLine {
  readonly apiUrl: string;
  readonly appId: string;
  readonly key: KeyObject;
  readonly signal: AbortSignal;
}

interface AppFacts {
  readonly slug: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly installations: readonly {
    readonly account: string;
    readonly permissions: Readonly<Record<string, string>>;
  }[];
}

const permissions = z.record(z.string(), z.string());
const appSchema = z.object({ slug: z.string(), permissions });
const installationsSchema = z.array(z.object({ account: z.object({ login: z.string() }), permissions }));
/** What the broker's agents live on. */
const NEEDED = ["contents", "pull_requests", "issues"];
const ADMINISTRATION = /^(?:administration|organization_administration|enterprise_administration)$/;

export async function probeApp(line: AppLine): Promise<Finding[]> {
  const probe = await askApp(line);
  const told = probeFinding("GitHub App", probe, ({ slug, installations }) => {
    const where = installations.map(({ account }) => account).join(", ");
    return `${slug}, installed on ${where || "nothing yet"}`;
  });
  return probe.status === "ok" ? [told, ...appFindings(probe.value)] : [told];
}

/** What is too much and what is too little in its permissions. Pure. */
export function appFindings({ slug, permissions: asked, installations }: AppFacts): Finding[] {
  const holders = [
    { name: `the App ${slug}`, permissions: asked },
    ...installations.map((one) => ({ name: `its installation on ${one.account}`, ...one })),
  ];
  const tooMuch = holders.filter((holder) => Object.keys(holder.permissions).some((name) => ADMINISTRATION.test(name)));
  const missing = NEEDED.filter((name) => asked[name] !== "write");
  const findings: Finding[] = [];
  if (tooMuch.length > 0) {
    const who = tooMuch.map(({ name }) => name).join(" and ");
    findings.push(
      bad(
        "GitHub permissions",
        `${who} may administrate`,
        "take Administration away in the App's settings: it can lift branch protection",
      ),
    );
  }
  if (missing.length > 0) {
    findings.push(
      bad(
        "GitHub permissions",
        `${slug} may not write ${missing.join(", ")}`,
        "set them to “Read and write” in the App's settings and accept the change in each installation",
      ),
    );
  }
  if (installations.length === 0) {
    findings.push(
      bad(
        "GitHub installations",
        `${slug} is installed nowhere`,
        "install it (App's settings, Install App) on the repositories that agents work in",
      ),
    );
  }
  return findings.length > 0 ? findings : [ok("GitHub permissions", "enough, and no Administration")];
}

async function askApp(line: AppLine): Promise<Probe<AppFacts>> {
  const reply = await call(line, "/app");
  if (reply.status === "unreachable") return reply;
  const app = appSchema.safeParse(reply.json).data;
  if (reply.http !== 200 || app === undefined) return refused(reply, new URL(line.apiUrl).host);
  const list = await call(line, "/app/installations?per_page=100");
  if (list.status === "unreachable") return list;
  const found = installationsSchema.safeParse(list.json).data;
  if (found === undefined) return refused(list, new URL(line.apiUrl).host);
  const installations = found.map((one) => ({ account: one.account.login, permissions: one.permissions }));
  return { status: "ok", value: { ...app, installations } };
}

const TOLERABLE_SKEW_MS = 30_000;

function refused(reply: Reply, host: string): Probe<never> {
  if (reply.http !== 401 && reply.http !== 404)
    return { status: "unreachable", reason: `${host} answered ${reply.http}` };
  const skewMs = reply.date === undefined ? 0 : Math.abs(reply.date - Date.now());
  if (skewMs > TOLERABLE_SKEW_MS) {
    const reason = `GitHub refuses the key (${reply.http}), and this machine's clock is ${Math.round(skewMs / 1000)} s off`;
    return { status: "refused", reason, remedy: "set the clock: `timedatectl set-ntp true`" };
  }
  const reason = `GitHub refuses the App's id and key (${reply.http})`;
  return { status: "refused", reason, remedy: "check that GITHUB_APP_ID and the private key are of the same App" };
}

function call(line: AppLine, path: string): Promise<Reply | Unreachable> {
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${jwt(line)}`,
    "user-agent": "tinyclaw-init",
    "x-github-api-version": "2022-11-28",
  };
  return ask({ url: `${line.apiUrl}${path}`, headers, signal: line.signal });
}

/** As the broker's, but by this machine's clock and without its library, which not every image holds. */
function jwt({ appId, key }: AppLine): string {
  const now = Math.floor(Date.now() / 1000);
  const text = `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ iat: now - 60, exp: now + 300, iss: appId })}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
