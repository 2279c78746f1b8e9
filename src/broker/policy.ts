/** Who may have which token. Pure: policy and request in, decision out; deny by default, deny and never clamp. */
import type { DeniedPair } from "./errors.ts";
import { matchesName } from "./glob.ts";
import { higher, isDangerous, isNeverAllowed, reaches, type Level, type Permissions } from "./permissions.ts";

/** How fast a client may have tokens minted. Answers from the cache are not counted. */
export interface MintLimits {
  readonly mintsPerMinute: number;
  readonly mintsPerHour: number;
}

export interface Grant {
  /** Login of the account, as written; undefined: every account the App is installed on (without a policy file). */
  readonly owner: string | undefined;
  /** Pins the installation. */
  readonly installationId: number | undefined;
  /** Patterns of names: `*` any run of characters, `?` one. */
  readonly repositories: readonly string[];
  /** Pins of repositories, lower-case name to id: another repository of that name gets no token. */
  readonly repositoryIds: ReadonlyMap<string, number>;
  readonly permissions: Permissions;
  /** When a request names no permissions. */
  readonly defaultPermissions: Permissions;
  /** For git credentials. */
  readonly gitPermissions: Permissions;
  /** Whether a request may leave the repositories out, and so have all. */
  readonly allRepositories: boolean;
  readonly allowDangerous: ReadonlySet<string>;
}

export interface Client {
  readonly id: string;
  /** SHA-256 of the secrets that name this client. */
  readonly secretDigests: readonly Buffer[];
  readonly limits: MintLimits;
  readonly grants: readonly Grant[];
}

export interface Policy {
  /** Changes with the policy, so that nothing decided under another is used. */
  readonly digest: string;
  readonly source: "file" | "built_in";
  readonly maxRepositories: number;
  readonly minTtlSeconds: number;
  /** Permissions denied to all, on top of the floor. */
  readonly denied: ReadonlySet<string>;
  /** Names accepted besides those of `PERMISSION_NAMES`. */
  readonly extraPermissions: ReadonlySet<string>;
  readonly clients: readonly Client[];
}

/** A request, well-formed but not yet judged. */
export interface Ask {
  readonly owner?: string;
  readonly installationId?: number;
  /** Undefined together with `repositoryIds`: all that the installation can see. */
  readonly repositories?: readonly string[];
  readonly repositoryIds?: readonly number[];
  /** Undefined: the grant's defaults. */
  readonly permissions?: Permissions;
}

export interface Scope {
  /** Names without the owner, each once, in the caller's spelling, or all. */
  readonly repositories: readonly string[] | "all";
  readonly permissions: Permissions;
  /** Ids that the reply has to show, by lower-case name. */
  readonly pins: ReadonlyMap<string, number>;
}

/** An account on which the request would be allowed. */
export interface Candidate {
  /** Undefined: whatever account the asked installation is on. */
  readonly owner: string | undefined;
  /** The installation that the policy pins, and that need not be looked up. */
  readonly pinnedId: number | undefined;
  readonly scope: Scope;
}

export type Decision =
  /** More than one candidate only for an id that no grant pins: the one that has the id is meant. */
  | { readonly status: "allowed"; readonly candidates: readonly Candidate[] }
  | { readonly status: "denied"; readonly denied: readonly DeniedPair[] }
  | { readonly status: "invalid"; readonly message: string };

export type Purpose = "api" | "git";

/** GitHub adds it to every token. */
const ALWAYS: readonly [string, Level] = ["metadata", "read"];
const PLAIN: Permissions = new Map([["contents", "read"]]);
/** Pairs told in a denial. */
const MAX_TOLD = 50;

/**
 * Judges a request: every asked pair of repository and permission must be covered by a grant of one account, for GitHub
 * gives each permission on each repository. Says nothing of what exists.
 */
export function decide(policy: Policy, clientId: string, ask: Ask, purpose: Purpose): Decision {
  const named = (ask.repositories?.length ?? 0) + (ask.repositoryIds?.length ?? 0);
  if (named > policy.maxRepositories) {
    return invalid(`repositories names ${named}; at most ${policy.maxRepositories} go into one token.`);
  }
  const client = policy.clients.find((one) => one.id === clientId);
  const accounts = accountsOf(client?.grants ?? [], ask);
  if (accounts === "mismatch") return invalid("owner and installation_id name different installations: give one.");
  const decisions = accounts.map((grants) => decideOn(policy, grants, ask, purpose));
  const candidates = decisions.flatMap((one) => (one.status === "allowed" ? one.candidates : []));
  if (candidates.length > 0) return { status: "allowed", candidates };
  return decisions.find((one) => one.status === "denied") ?? decisions[0] ?? decideOn(policy, [], ask, purpose);
}

/** The grants that the request may rest on, account by account. */
function accountsOf(grants: readonly Grant[], ask: Ask): readonly (readonly Grant[])[] | "mismatch" {
  if (ask.owner !== undefined) {
    const own = grants.filter((grant) => grant.owner === undefined || same(grant.owner, ask.owner));
    const pinned = pinOf(own);
    if (pinned !== undefined && ask.installationId !== undefined && pinned !== ask.installationId) return "mismatch";
    return [own];
  }
  const owners = new Set(grants.map((grant) => grant.owner?.toLowerCase()));
  const accounts = [...owners].map((owner) => grants.filter((grant) => grant.owner?.toLowerCase() === owner));
  const pinned = accounts.filter((account) => pinOf(account) === ask.installationId);
  return pinned.length > 0 ? pinned : accounts.filter((account) => pinOf(account) === undefined);
}

function pinOf(account: readonly Grant[]): number | undefined {
  return account.find((grant) => grant.installationId !== undefined)?.installationId;
}

/** `grants` are those of one account. */
function decideOn(policy: Policy, grants: readonly Grant[], ask: Ask, purpose: Purpose): Decision {
  const repositories = namesOf(grants, ask);
  if (repositories === undefined && !grants.some((grant) => grant.allRepositories)) {
    return invalid("repositories is required: name those that the token is for.");
  }
  const permissions = ask.permissions ?? defaultsOf(grants, repositories, purpose);
  const denied = (repositories ?? ["*"]).flatMap((repository) => {
    const open = grants.filter((grant) =>
      repositories === undefined ? grant.allRepositories : covers(grant, repository),
    );
    return deniedOn(policy, open, repository, permissions);
  });
  if (denied.length > 0) return { status: "denied", denied: denied.slice(0, MAX_TOLD) };
  const [first] = grants;
  if (first === undefined) return { status: "denied", denied: [] };
  const scope = { repositories: repositories ?? ("all" as const), permissions, pins: pinsOf(grants) };
  return { status: "allowed", candidates: [{ owner: first.owner ?? ask.owner, pinnedId: pinOf(grants), scope }] };
}

/** The pairs of a repository that the grants which cover it do not allow. */
function deniedOn(
  policy: Policy,
  grants: readonly Grant[],
  repository: string,
  permissions: Permissions,
): DeniedPair[] {
  return [...permissions].flatMap(([permission, requested]) => {
    const max = maxOf(policy, grants, permission);
    return reaches(max, requested) ? [] : [{ repository, permission, requested, max: max ?? "none" }];
  });
}

/** Names asked for, each once; an id counts as the name it is pinned to, and one without pin as a name nobody grants. */
function namesOf(grants: readonly Grant[], ask: Ask): readonly string[] | undefined {
  if (ask.repositories === undefined && ask.repositoryIds === undefined) return undefined;
  const pins = [...pinsOf(grants)];
  const ids = (ask.repositoryIds ?? []).map((id) => pins.find(([, pin]) => pin === id)?.[0] ?? `#${id}`);
  const names = new Map<string, string>();
  for (const name of [...(ask.repositories ?? []), ...ids]) {
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return [...names.values()];
}

function pinsOf(grants: readonly Grant[]): ReadonlyMap<string, number> {
  return new Map(grants.flatMap((grant) => [...grant.repositoryIds]));
}

/** Those of the first grant that covers all the repositories. */
function defaultsOf(
  grants: readonly Grant[],
  repositories: readonly string[] | undefined,
  purpose: Purpose,
): Permissions {
  const grant = grants.find((one) =>
    repositories === undefined ? one.allRepositories : repositories.every((name) => covers(one, name)),
  );
  if (grant === undefined) return PLAIN;
  return purpose === "git" ? grant.gitPermissions : grant.defaultPermissions;
}

/** The highest level that the grants give a permission. */
function maxOf(policy: Policy, grants: readonly Grant[], permission: string): Level | undefined {
  if (grants.length === 0 || policy.denied.has(permission)) return undefined;
  const levels = grants.map((grant) => levelIn(grant, permission));
  return [...levels, permission === ALWAYS[0] ? ALWAYS[1] : undefined].reduce(higher, undefined);
}

/** What no policy can lift is held here, too, so that a reader of policy files which lets it through does no harm. */
function levelIn(grant: Grant, permission: string): Level | undefined {
  const level = grant.permissions.get(permission);
  if (level === undefined || isNeverAllowed(permission, level)) return undefined;
  return isDangerous(permission, level) && !grant.allowDangerous.has(permission) ? undefined : level;
}

/** No repository is called `#7`: that is an id without a pin. */
function covers(grant: Grant, name: string): boolean {
  return !name.startsWith("#") && grant.repositories.some((pattern) => matchesName(pattern, name));
}

function same(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase();
}

function invalid(message: string): Decision {
  return { status: "invalid", message };
}
