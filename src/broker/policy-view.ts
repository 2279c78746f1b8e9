/** The policy as one of its clients may see it: its own grants, nobody's secrets. Pure. */
import type { AppIdentity } from "./identity.ts";
import type { Grant, Policy } from "./policy.ts";

export function policyView(policy: Policy, clientId: string, webHost: string, app: AppIdentity | undefined): object {
  const client = policy.clients.find((one) => one.id === clientId);
  return {
    client: clientId,
    policy: policy.source,
    policy_digest: policy.digest,
    web_host: webHost,
    app: app ?? null,
    max_repositories: policy.maxRepositories,
    min_ttl_seconds: policy.minTtlSeconds,
    denied_permissions: [...policy.denied],
    limits: { mints_per_minute: client?.limits.mintsPerMinute, mints_per_hour: client?.limits.mintsPerHour },
    grants: client?.grants.map(grantView) ?? [],
  };
}

function grantView(grant: Grant): object {
  return {
    owner: grant.owner ?? "*",
    installation_id: grant.installationId ?? null,
    repositories: grant.repositories,
    repository_ids: Object.fromEntries(grant.repositoryIds),
    permissions: Object.fromEntries(grant.permissions),
    default_permissions: Object.fromEntries(grant.defaultPermissions),
    git_permissions: Object.fromEntries(grant.gitPermissions),
    all_repositories: grant.allRepositories,
  };
}
