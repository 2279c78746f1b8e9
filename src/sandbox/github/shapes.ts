import type { GitHubState } from "./state.ts";
import type { AccountType, Installation, Repository } from "./world.ts";

/** An App as `GET /app` tells it; `permissions` is what it asks of those who install it. */
export function describeApp(state: GitHubState): object {
  const { installations } = state.world;
  const permissions = Object.assign({ metadata: "read" }, ...installations.map((one) => one.permissions)) as object;
  return {
    id: state.appId,
    client_id: state.clientId,
    slug: state.slug,
    name: "TinyClaw sandbox",
    owner: describeAccount("tinyclaw-sandbox", 1, "Organization"),
    permissions,
    events: [],
    installations_count: installations.length,
    html_url: `https://github.com/apps/${state.slug}`,
  };
}

export function describeInstallation(state: GitHubState, one: Installation): object {
  return {
    id: one.id,
    account: describeAccount(one.account, one.accountId, one.type),
    app_id: state.appId,
    app_slug: state.slug,
    target_id: one.accountId,
    target_type: one.type,
    permissions: { ...one.permissions, metadata: "read" },
    events: [],
    repository_selection: one.selection,
    suspended_at: one.suspendedAt === undefined ? null : new Date(one.suspendedAt).toISOString(),
    access_tokens_url: `${state.url}/app/installations/${one.id}/access_tokens`,
  };
}

export function describeRepository(state: GitHubState, from: Installation, one: Repository): object {
  return {
    id: one.id,
    name: one.name,
    full_name: `${from.account}/${one.name}`,
    private: true,
    owner: describeAccount(from.account, from.accountId, from.type),
    url: `${state.url}/repos/${from.account}/${one.name}`,
  };
}

export function describeAccount(login: string, id: number, type: AccountType | "Bot"): object {
  return { login, id, type };
}
