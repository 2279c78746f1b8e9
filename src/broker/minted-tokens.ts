/** Which tokens are this broker's own, by their hashes alone: nobody can have another's ended through it. */

/** More than all clients together are given in an hour by the usual limits; where a policy gives more, the oldest go. */
const MAX_HASHES = 5000;

export class MintedTokens {
  /** SHA-256 in base64 → end of life, monotonic ms; the oldest first. */
  readonly #ends = new Map<string, number>();

  get size(): number {
    return this.#ends.size;
  }

  add(sha256: string, end: number, now: number): void {
    this.#ends.delete(sha256);
    this.#ends.set(sha256, end);
    for (const [oldest, itsEnd] of this.#ends) {
      if (itsEnd > now && this.#ends.size <= MAX_HASHES) break;
      this.#ends.delete(oldest);
    }
  }

  /** Whether the token was made here and lives; the cache may have let go of it long since. */
  has(sha256: string, now: number): boolean {
    const end = this.#ends.get(sha256);
    return end !== undefined && end > now;
  }

  /** True for the first who says so. */
  forget(sha256: string): boolean {
    return this.#ends.delete(sha256);
  }
}
