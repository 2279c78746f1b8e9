import { readDashboardConfig } from "../../dashboard/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { probeAccess } from "../setup/access.ts";
import { probeFinding, skipped } from "../setup/finding.ts";
import { byReader, settle, type Field, type Setup } from "./settle.ts";

const HOSTS = "DASHBOARD_ALLOWED_HOSTS";
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];
const HOSTS_COMMENT = "Dashboard: the names it answers to";

const team: Field = {
  name: "CF_ACCESS_TEAM_DOMAIN",
  message: "Team domain of Cloudflare Access, like example.cloudflareaccess.com; empty for none",
  comment: "Cloudflare Access: the team's domain",
  required: false,
  check: byReader((value) => readDashboardConfig({ CF_ACCESS_TEAM_DOMAIN: value, CF_ACCESS_AUD: "a" })),
};
const audience: Field = {
  name: "CF_ACCESS_AUD",
  message: "Audience tag of the Access application",
  comment: "Cloudflare Access: the application's audience tag",
  required: true,
  check: byReader((value) => readDashboardConfig({ CF_ACCESS_TEAM_DOMAIN: "a", CF_ACCESS_AUD: value })),
};

/** Public name and who is let in. */
export async function settleDashboard(setup: Setup): Promise<void> {
  const name = await settleName(setup);
  const isAsked =
    name !== undefined || setup.draft.get(team.name) !== undefined || setup.draft.get(audience.name) !== undefined;
  if (
    setup.prompter !== undefined
      ? !isAsked
      : setup.draft.get(team.name) === undefined && setup.draft.get(audience.name) === undefined
  ) {
    warnOfOpen(setup, name);
    return;
  }
  const domain = await settle(setup, setup.prompter === undefined ? { ...team, required: true } : team);
  if (domain === undefined) {
    setup.draft.remove(audience.name);
    warnOfOpen(setup, name);
    return;
  }
  const aud = await settle(setup, audience);
  const { access } = readDashboardConfig({ CF_ACCESS_TEAM_DOMAIN: domain, CF_ACCESS_AUD: aud });
  if (access === undefined) return;
  const probe = await probeAccess(access, setup.signal);
  setup.tell(probeFinding("Cloudflare Access", probe, (host) => `${host} is there`));
  if (probe.status === "refused" && setup.prompter === undefined) {
    throw new ConfigError(`CF_ACCESS_TEAM_DOMAIN is wrong: ${probe.reason}; ${probe.remedy}.`, { variable: team.name });
  }
}

function warnOfOpen({ tell, draft }: Setup, name: string | undefined): void {
  if (name === undefined || draft.get("DASHBOARD_TOKEN") !== undefined) return;
  tell(
    skipped(
      "Cloudflare Access",
      `not set: whoever reaches ${name} sees everything unless a policy of the tunnel's stands before it`,
    ),
  );
}

/** The first name that is not this machine's own; the others stay beside it. */
async function settleName(setup: Setup): Promise<string | undefined> {
  const { draft, prompter } = setup;
  const hosts = readDashboardConfig({ [HOSTS]: draft.get(HOSTS) }).allowedHosts;
  const present = hosts.find((host) => !LOCAL.includes(host.replace(/:\d+$/, "")));
  if (draft.get(HOSTS) !== undefined) draft.set(HOSTS, hosts.join(","), HOSTS_COMMENT);
  if (prompter === undefined || (present !== undefined && !setup.all)) return present;
  const answer = await prompter.text({
    message: "Public name of the dashboard, as tinyclaw.example.com; empty for none",
    initial: present,
    check: (name) => (name === "" ? undefined : byReader((value) => readDashboardConfig({ [HOSTS]: value }))(name)),
  });
  const others = hosts.filter((host) => host !== present);
  if (answer !== "" || present !== undefined) {
    draft.set(HOSTS, [...others, ...(answer === "" ? [] : [answer.toLowerCase()])].join(","), HOSTS_COMMENT);
  }
  return answer === "" ? undefined : answer.toLowerCase();
}
