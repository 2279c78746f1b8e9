/** Tokens that are still good, in memory alone. */
import { createHash } from "node:crypto";
import type { GrantedRepository } from "./mint-check.ts";

export interface HeldToken {
  readonly token: string;
  /** Base64, as GitHub's audit log has it in `hashed_token`. */
  readonly sha256: string;
  readonly client: string;
  readonly owner: string;
  readonly installationId: number;
  /** As GitHub wrote it. */
  readonly expiresAt: string;
  /** The same in epoch ms, by GitHub's clock. */
  readonly expiresAtMs: number;
  /** On the monotonic clock, so that no change of the wall clock keeps a dead token. */
  readonly expiresMono: number;
  readonly repositories: readonly GrantedRepository[] | undefined;
  readonly permissions: Readonly<Record<string, string>>;
  readonly selection: string;
}

const MAX_TOKENS = 1000;

/**
 * What is left of a token's life, ms: by the monotonic clock, which no change of the wall clock moves, or by GitHub's
 * time, whichever is less. The monotonic clock alone would not do: it stands still while the machine sleeps
 * (CLOCK_MONOTONIC), and GitHub's does not. `githubNow` is epoch ms.
 */
export function leftMs(held: HeldToken, monotonic: number, githubNow: number): number {
  return Math.min(held.expiresMono - monotonic, held.expiresAtMs - githubNow);
}

/** Least recently used first out. */
export class TokenCache {
  readonly #tokens = new Map<string, HeldToken>();

  get size(): number {
    return this.#tokens.size;
  }

  get(key: string): HeldToken | undefined {
    const held = this.#tokens.get(key);
    if (held === undefined) return undefined;
    this.#tokens.delete(key);
    this.#tokens.set(key, held);
    return held;
  }

  set(key: string, held: HeldToken): void {
    this.#tokens.delete(key);
    this.#tokens.set(key, held);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_TOKENS) break;
      this.#tokens.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#tokens.delete(key);
  }

  /** Forgets the token with this hash, whosever it is or the client's alone; true if there was one. */
  evict(sha256: string, client?: string): boolean {
    for (const [key, held] of this.#tokens) {
      if (held.sha256 !== sha256 || (client !== undefined && held.client !== client)) continue;
      this.#tokens.delete(key);
      return true;
    }
    return false;
  }
}

export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
