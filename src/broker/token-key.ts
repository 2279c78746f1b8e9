/** Names what a token is good for, exactly: two requests share a token when this text is the same. Pure. */
import type { Scope } from "./policy.ts";

export interface KeyParts {
  readonly appId: string;
  readonly apiUrl: string;
  /** Tokens are not shared between clients, or one could end the other's. */
  readonly client: string;
  readonly installationId: number;
  readonly scope: Scope;
  readonly policyDigest: string;
}

/** JSON, since any separator may turn up in a name. Order and case of names make no difference, levels do. */
export function tokenKey({ appId, apiUrl, client, installationId, scope, policyDigest }: KeyParts): string {
  const repositories =
    scope.repositories === "all"
      ? { all: true }
      : { named: [...new Set(scope.repositories.map((name) => name.toLowerCase()))].sort() };
  const permissions = [...scope.permissions].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([appId, apiUrl, client, installationId, repositories, permissions, policyDigest]);
}
