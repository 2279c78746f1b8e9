/** What an installation token can be allowed to do, and what this broker never lets it. Pure. */

export const LEVELS = ["read", "write", "admin"] as const;
export type Level = (typeof LEVELS)[number];
/** Permission to level. A map, since an object would know `constructor` too. */
export type Permissions = ReadonlyMap<string, Level>;

const READ_WRITE =
  "actions administration artifact_metadata attestations checks code_quality codespaces contents dependabot_secrets " +
  "deployments discussions environments issues merge_queues metadata packages pages pull_requests " +
  "repository_custom_properties repository_hooks secret_scanning_alerts secrets security_events single_file statuses " +
  "vulnerability_alerts custom_properties_for_organizations members organization_administration " +
  "organization_custom_roles organization_custom_org_roles organization_copilot_seat_management " +
  "organization_copilot_agent_settings organization_announcement_banners organization_hooks " +
  "organization_personal_access_tokens organization_personal_access_token_requests organization_packages " +
  "organization_secrets organization_self_hosted_runners organization_user_blocking email_addresses followers " +
  "git_ssh_keys gpg_keys interaction_limits starring";
const WITH_ADMIN =
  "repository_projects organization_custom_properties organization_projects " +
  "enterprise_custom_properties_for_organizations";

/** The names that GitHub knows: schema `app-permissions` of its OpenAPI description 23.0. */
export const PERMISSION_NAMES: ReadonlySet<string> = new Set(
  `${READ_WRITE} ${WITH_ADMIN} workflows profile organization_events organization_plan`.split(" "),
);

/** Whoever may do one of these can lift every other fence: settings, people, secrets, the org, somebody's account. */
const NEVER = new Set(
  (
    "administration members custom_properties_for_organizations secrets dependabot_secrets environments " +
    "repository_hooks email_addresses followers git_ssh_keys gpg_keys interaction_limits profile starring"
  ).split(" "),
);
const NEVER_PREFIX = /^(?:organization_|enterprise_|codespaces)/;

/** Their writes run code in CI, forge what a branch rule waits for, or publish: only where the policy says so by name. */
const DANGEROUS = new Set(
  (
    "workflows actions checks statuses deployments pages packages attestations artifact_metadata merge_queues " +
    "security_events secret_scanning_alerts vulnerability_alerts repository_custom_properties"
  ).split(" "),
);

/** Whether no policy can allow it. */
export function isNeverAllowed(name: string, level: Level): boolean {
  return level === "admin" || NEVER.has(name) || NEVER_PREFIX.test(name);
}

/** Whether a policy has to allow it by name, in `allow_dangerous`. */
export function isDangerous(name: string, level: Level): boolean {
  return level !== "read" && DANGEROUS.has(name);
}

export function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}

/** Whether `held` is at least `asked`: read < write < admin. */
export function reaches(held: Level | undefined, asked: Level): boolean {
  return held !== undefined && LEVELS.indexOf(held) >= LEVELS.indexOf(asked);
}

/** The higher of two levels. */
export function higher(a: Level | undefined, b: Level | undefined): Level | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return reaches(a, b) ? a : b;
}

/** `contents:write,issues:read`, by name; the same permissions give the same text. */
export function permissionsText(permissions: Permissions): string {
  return [...permissions]
    .map(([name, level]) => `${name}:${level}`)
    .sort()
    .join(",");
}
