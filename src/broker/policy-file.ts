/** The policy as the operator writes it: YAML text in, policy or what is wrong with it out. */
import { createHash } from "node:crypto";
import { parseDocument } from "yaml";
import { z } from "../core/zod.ts";
import { PERMISSION_NAMES, isDangerous, isNeverAllowed, reaches, type Level, type Permissions } from "./permissions.ts";
import type { Client, Grant, MintLimits, Policy } from "./policy.ts";

const MAX_BYTES = 64 * 1024;
/** Mints; GitHub itself gives a token an hour, so that this is far more than a team of agents needs. */
const LIMITS: MintLimits = { mintsPerMinute: 30, mintsPerHour: 600 };
const DEFAULTS = { maxRepositories: 10, minTtlSeconds: 600 } as const;
/** The most `min_ttl_seconds` can be, here and in a request: a token lives 3600 s. */
export const MAX_MIN_TTL_SECONDS = 3000;

const levels = z.enum(["read", "write"]);
const permissionName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const permissions = z.record(permissionName, levels).refine((value) => Object.keys(value).length > 0, "names none");
const repositoryName = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);
const grant = z.strictObject({
  owner: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
    .describe("Login of the organisation or user; no patterns"),
  installation_id: z.int().positive().optional().describe("Pins the App's installation on the owner"),
  repositories: z
    .array(z.string().regex(/^[A-Za-z0-9._*?-]{1,100}$/))
    .min(1)
    .describe("Names without the owner; * and ? are wildcards, and * alone needs all_repositories"),
  repository_ids: z.record(repositoryName, z.int().positive()).optional().describe("Pins of names to GitHub's ids"),
  permissions: permissions.describe("The most that a token may carry"),
  default_permissions: permissions.optional().describe("When a request names none; contents: read if left out"),
  git_permissions: permissions.optional().describe("For git credentials; the grant's level of contents if left out"),
  all_repositories: z.boolean().optional().describe("Lets a request leave the repositories out, and have all"),
  allow_dangerous: z.array(permissionName).optional().describe("Permissions whose writes run code or forge checks"),
});
const client = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  secret_sha256: z
    .array(z.string().regex(/^[0-9a-fA-F]{64}$/))
    .min(1)
    .max(2)
    .describe("SHA-256 of the secret, in hex"),
  limits: z
    .strictObject({
      mints_per_minute: z.int().min(1).max(1_000_000).optional(),
      mints_per_hour: z.int().min(1).max(10_000_000).optional(),
    })
    .optional(),
  grants: z.array(grant).max(500),
});
/** Shape of the file; `docs/policy.schema.json` is made of it. */
export const policyFileSchema = z.strictObject({
  version: z.literal(1),
  defaults: z
    .strictObject({
      max_repositories: z.int().min(1).max(500).optional().describe("In one token"),
      min_ttl_seconds: z.int().min(60).max(MAX_MIN_TTL_SECONDS).optional().describe("Left in a token when handed out"),
      extra_permissions: z.array(permissionName).optional().describe("Names that GitHub has added since"),
    })
    .optional(),
  deny: z
    .strictObject({ permissions: z.array(permissionName) })
    .optional()
    .describe("Denied to every client"),
  clients: z.array(client).min(1).max(100),
});
type PolicyFile = z.infer<typeof policyFileSchema>;
type GrantFile = PolicyFile["clients"][number]["grants"][number];

export type PolicyReading =
  | { readonly status: "ok"; readonly policy: Policy }
  | { readonly status: "bad"; readonly problems: readonly string[] };

/** Reads a policy; every problem names its place and what to do. */
export function readPolicy(text: string): PolicyReading {
  if (Buffer.byteLength(text) > MAX_BYTES) return { status: "bad", problems: ["the file is larger than 64 KiB"] };
  const document = parseDocument(text, { version: "1.2", uniqueKeys: true, prettyErrors: false });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const line = text.slice(0, fault.pos[0]).split("\n").length;
    return { status: "bad", problems: [`line ${line} is no YAML: ${fault.code.toLowerCase().replaceAll("_", " ")}`] };
  }
  const plain = toPlain(document);
  if (plain.status === "bad") return plain;
  const parsed = policyFileSchema.safeParse(plain.value);
  if (!parsed.success) {
    return {
      status: "bad",
      problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`),
    };
  }
  const problems = problemsOf(parsed.data);
  return problems.length > 0 ? { status: "bad", problems } : { status: "ok", policy: build(parsed.data, text) };
}

/** Aliases are resolved within a bound: a few lines of them can stand for gigabytes. */
function toPlain(document: ReturnType<typeof parseDocument>) {
  try {
    return { status: "ok", value: document.toJS({ maxAliasCount: 50 }) as unknown } as const;
  } catch {
    return { status: "bad", problems: ["aliases: too many, or one without its anchor"] } as const;
  }
}

/** The policy in force without a file: what the set-up in `docs/setup.md` gives the App, on named repositories. */
export function builtInPolicy(secretDigests: readonly Buffer[]): Policy {
  const grant: Grant = {
    owner: undefined,
    installationId: undefined,
    repositories: ["*"],
    repositoryIds: new Map(),
    permissions: new Map<string, Level>([
      ["contents", "write"],
      ["pull_requests", "write"],
      ["issues", "write"],
      ["metadata", "read"],
    ]),
    defaultPermissions: new Map<string, Level>([
      ["contents", "read"],
      ["metadata", "read"],
    ]),
    gitPermissions: new Map<string, Level>([["contents", "write"]]),
    allRepositories: false,
    allowDangerous: new Set(),
  };
  return {
    digest: "built-in",
    source: "built_in",
    ...DEFAULTS,
    denied: new Set(),
    extraPermissions: new Set(),
    clients: [{ id: "default", secretDigests, limits: LIMITS, grants: [grant] }],
  };
}

/** What the shape alone does not tell. */
function problemsOf(file: PolicyFile): string[] {
  const extra = new Set(file.defaults?.extra_permissions);
  const known = (name: string): boolean => PERMISSION_NAMES.has(name) || extra.has(name);
  const ids = file.clients.map((one) => one.id);
  const secrets = file.clients.flatMap((one) => one.secret_sha256.map((digest) => digest.toLowerCase()));
  return [
    ...repeated(ids).map((id) => `clients: ${id} stands there twice; give each an id of its own`),
    ...(repeated(secrets).length > 0 ? ["clients: two share a secret_sha256; give each a secret of its own"] : []),
    ...(file.deny?.permissions ?? [])
      .filter((name) => !known(name))
      .map((name) => `deny.permissions: ${name} is no permission that GitHub knows`),
    ...file.clients.flatMap((one) => [
      ...one.grants.flatMap((each, index) => grantProblems(each, `clients.${one.id}.grants.${index}`, known)),
      ...pinProblems(one.grants, `clients.${one.id}`),
    ]),
  ];
}

function grantProblems(grant: GrantFile, place: string, known: (name: string) => boolean): string[] {
  const asked = Object.entries(grant.permissions);
  const dangerous = new Set(grant.allow_dangerous);
  const held = new Map(asked);
  const within = (key: "default_permissions" | "git_permissions"): string[] =>
    Object.entries(grant[key] ?? {})
      .filter(([name, level]) => !reaches(name === "metadata" ? (held.get(name) ?? "read") : held.get(name), level))
      .map(([name, level]) => `${place}.${key}: ${name}: ${level} is more than permissions allows`);
  return [
    ...[...held.keys(), ...dangerous]
      .filter((name) => !known(name))
      .map(
        (name) =>
          `${place}: ${name} is no permission that GitHub knows; correct it or add it to defaults.extra_permissions`,
      ),
    ...asked
      .filter(([name, level]) => isNeverAllowed(name, level))
      .map(([name]) => `${place}.permissions: ${name} can never be allowed; remove it`),
    ...asked
      .filter(([name, level]) => isDangerous(name, level) && !dangerous.has(name))
      .map(([name, level]) => `${place}.permissions: ${name}: ${level} needs allow_dangerous: [${name}]`),
    ...within("default_permissions"),
    ...within("git_permissions"),
    ...(grant.repositories.some((name) => /^[*?]*\*[*?]*$/.test(name)) && grant.all_repositories !== true
      ? [`${place}.repositories: * needs all_repositories: true`]
      : []),
  ];
}

/** One installation an owner, one owner an installation, one name an id. */
function pinProblems(grants: readonly GrantFile[], place: string): string[] {
  const pairs = grants.map((grant) => ({ owner: grant.owner.toLowerCase(), id: grant.installation_id }));
  const clash = pairs.some((a) =>
    pairs.some((b) => a.id !== undefined && b.id !== undefined && (a.owner === b.owner) !== (a.id === b.id)),
  );
  const names = grants.flatMap((grant) =>
    Object.entries(grant.repository_ids ?? {}).map(([name, id]) => ({
      name: `${grant.owner}/${name}`.toLowerCase(),
      id,
    })),
  );
  const torn = names.some((a) => names.some((b) => (a.name === b.name) !== (a.id === b.id)));
  return [
    ...(clash ? [`${place}: an owner with two values of installation_id, or two owners with one; correct them`] : []),
    ...(torn ? [`${place}: a repository with two ids in repository_ids, or two with one; correct them`] : []),
  ];
}

function build(file: PolicyFile, text: string): Policy {
  return {
    digest: createHash("sha256").update(text).digest("hex"),
    source: "file",
    maxRepositories: file.defaults?.max_repositories ?? DEFAULTS.maxRepositories,
    minTtlSeconds: file.defaults?.min_ttl_seconds ?? DEFAULTS.minTtlSeconds,
    denied: new Set(file.deny?.permissions),
    extraPermissions: new Set(file.defaults?.extra_permissions),
    clients: file.clients.map((one): Client => ({
      id: one.id,
      secretDigests: one.secret_sha256.map((hex) => Buffer.from(hex, "hex")),
      limits: {
        mintsPerMinute: one.limits?.mints_per_minute ?? LIMITS.mintsPerMinute,
        mintsPerHour: one.limits?.mints_per_hour ?? LIMITS.mintsPerHour,
      },
      grants: one.grants.map(buildGrant),
    })),
  };
}

function buildGrant(grant: GrantFile): Grant {
  const contents = grant.permissions["contents"];
  const plain: Permissions = new Map<string, Level>([["contents", "read"]]);
  return {
    owner: grant.owner,
    installationId: grant.installation_id,
    repositories: grant.repositories,
    repositoryIds: new Map(Object.entries(grant.repository_ids ?? {}).map(([name, id]) => [name.toLowerCase(), id])),
    permissions: new Map(Object.entries(grant.permissions)),
    defaultPermissions:
      grant.default_permissions === undefined ? plain : new Map(Object.entries(grant.default_permissions)),
    gitPermissions:
      grant.git_permissions === undefined
        ? new Map<string, Level>([["contents", contents ?? "read"]])
        : new Map(Object.entries(grant.git_permissions)),
    allRepositories: grant.all_repositories ?? false,
    allowDangerous: new Set(grant.allow_dangerous),
  };
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
