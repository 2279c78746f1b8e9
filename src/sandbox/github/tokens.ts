import { createHash, randomBytes } from "node:crypto";
import type { Permissions, Repository } from "./world.ts";

/** `classic`: ghs_ and 36 characters; `jwt`: the form of 2026, `ghs_<app id>_<JWT>` of some 520 with `.`, `-`, `_`. */
export type TokenForm = "classic" | "jwt";

/** A token as the stand-in knows it; the token itself is not kept. */
export interface IssuedToken {
  /** SHA-256 in base64: GitHub's own `hashed_token`. */
  readonly sha256: string;
  readonly installationId: number;
  readonly permissions: Permissions;
  /** `owner/name`, as they were called when the token was made. */
  readonly repositories: readonly string[];
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/** What a token opens. */
export interface Grant {
  readonly installationId: number;
  readonly owner: string;
  readonly permissions: Permissions;
  readonly repositories: readonly Repository[];
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** Every token given out, by its hash. */
export class Tokens {
  readonly #issued = new Map<string, Grant & { revoked: boolean }>();

  add(token: string, grant: Grant): void {
    this.#issued.set(sha256(token), { ...grant, revoked: false });
  }

  /** The grant of a token that is neither expired nor revoked. */
  live(token: string, now: number): Grant | undefined {
    const found = this.#issued.get(sha256(token));
    return found === undefined || found.revoked || found.expiresAt <= now ? undefined : found;
  }

  revoke(token: string): void {
    this.end(sha256(token));
  }

  /** By the hash. */
  end(hash: string): void {
    const found = this.#issued.get(hash);
    if (found !== undefined) found.revoked = true;
  }

  /** Ends every token of an installation, as its removal and its suspension do. */
  revokeAll(installationId: number): void {
    for (const one of this.#issued.values()) if (one.installationId === installationId) one.revoked = true;
  }

  list(): readonly IssuedToken[] {
    return [...this.#issued].map(([hash, one]) => ({
      sha256: hash,
      installationId: one.installationId,
      permissions: one.permissions,
      repositories: one.repositories.map(({ name }) => `${one.owner}/${name}`),
      expiresAt: one.expiresAt,
      revoked: one.revoked,
    }));
  }
}

export function sha256(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}

export function newToken(form: TokenForm, appId: number): string {
  if (form === "classic") return `ghs_${randomBytes(27).toString("base64url").replaceAll(/[-_]/g, "0")}`;
  const header = Buffer.from(JSON.stringify({ alg: "RS256", typ: "JWT" })).toString("base64url");
  // 93 and 256 bytes make some 520 characters in all, the length that GitHub announced.
  return `ghs_${appId}_${header}.${randomBytes(93).toString("base64url")}.${randomBytes(256).toString("base64url")}`;
}
