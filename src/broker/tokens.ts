/** Tokens by scope: from the cache, from a mint under way, or from a new one. */
import type { Clock } from "../core/clock.ts";
import { refusal, type Refusal } from "./errors.ts";
import type { Installations } from "./installations.ts";
import type { Limiter } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Minted, Minter, MintOrder } from "./mint.ts";
import type { MintLimits } from "./policy.ts";
import { leftMs, type HeldToken, type TokenCache } from "./token-cache.ts";
import { tokenKey } from "./token-key.ts";

export interface TokenOrder extends MintOrder {
  readonly limits: MintLimits;
  readonly policyDigest: string;
  readonly minTtlMs: number;
  /** The id was looked up by the owner's name, and may be again when GitHub does not know it any more. */
  readonly mayResolve: boolean;
}

export type Source = "hit" | "miss" | "coalesced" | "stale";
export type Served =
  | { readonly status: "ok"; readonly held: HeldToken; readonly source: Source; readonly requestId?: string }
  | { readonly status: "refused"; readonly refusal: Refusal };

/** With less than this left, a token is renewed in the background while it is still handed out. */
const SOFT_MS = 15 * 60_000;
/** With less than this left, it is handed out no more, whatever happens. */
const FLOOR_MS = 60_000;
const NEGATIVE_MS = 30_000;
const MAX_NEGATIVE = 1000;
/** Time for a renewal that nobody waits for. */
const RENEWAL_MS = 8000;

export interface TokensOptions {
  readonly appId: string;
  readonly apiUrl: string;
  readonly cache: TokenCache;
  readonly minter: Minter;
  readonly installations: Installations;
  readonly limiter: Limiter;
  readonly clock: Clock;
  /** GitHub's time, epoch ms. */
  readonly githubNow: () => number;
  readonly metrics: Metrics;
}

export class Tokens {
  readonly #options: TokensOptions;
  readonly #flights = new Map<string, Promise<Minted>>();
  /** Refusals that would come again, and renewals that just failed, by key; monotonic ms. */
  readonly #negative = new Map<string, { readonly refusal: Refusal; readonly until: number }>();
  readonly #notBefore = new Map<string, number>();

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  async serve(order: TokenOrder): Promise<Served> {
    const served = await this.#serve(order);
    if (served.status === "ok") this.#options.metrics.add("broker_cache_total", { result: served.source });
    this.#options.metrics.set("broker_cached_tokens", this.#options.cache.size);
    return served;
  }

  /** Ends what was just made, and is not to be handed out after all. */
  async takeBack(held: HeldToken, why: string): Promise<void> {
    const { cache, minter } = this.#options;
    cache.evict(held.sha256);
    await minter.withdraw(held, why);
  }

  async #serve(order: TokenOrder): Promise<Served> {
    const key = this.#keyOf(order);
    const held = this.#options.cache.get(key);
    const left = held === undefined ? 0 : this.#leftMs(held);
    if (held !== undefined && left >= Math.max(order.minTtlMs, FLOOR_MS)) {
      if (left < SOFT_MS) this.#renew(key, order);
      return { status: "ok", held, source: "hit" };
    }
    const negative = this.#negative.get(key);
    if (negative !== undefined && negative.until > this.#now()) return { status: "refused", refusal: negative.refusal };
    return this.#fresh(key, order, held);
  }

  /** A new token, the one that is just being made, or in need the old one. */
  async #fresh(key: string, order: TokenOrder, held: HeldToken | undefined): Promise<Served> {
    const under = this.#flights.get(key);
    const minted = await (under ?? this.#start(key, order));
    if (minted.status === "minted") {
      const { held: fresh, requestId } = minted;
      const source = under === undefined ? "miss" : "coalesced";
      return { status: "ok", held: fresh, source, ...(requestId === undefined ? {} : { requestId }) };
    }
    if (minted.nature === "transient" && held !== undefined && this.#leftMs(held) > FLOOR_MS) {
      return { status: "ok", held, source: "stale" };
    }
    return { status: "refused", refusal: minted.refusal };
  }

  #keyOf(order: TokenOrder): string {
    return tokenKey({ appId: this.#options.appId, apiUrl: this.#options.apiUrl, ...order });
  }

  /** One mint a key at a time; whoever asks meanwhile shares it, and nobody's leaving ends it. */
  #start(key: string, order: TokenOrder): Promise<Minted> {
    const taken = this.#options.limiter.takeMint(order.client, order.limits, this.#now());
    if (taken.status === "empty") {
      const refused = refusal("rate_limited", "Too many new tokens in a short time: wait.", {
        retryAfterS: taken.retryAfterS,
      });
      return Promise.resolve({ status: "refused", refusal: refused, nature: "transient" });
    }
    const flight = this.#mint(key, order).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #mint(key: string, order: TokenOrder): Promise<Minted> {
    const { minter, cache } = this.#options;
    let minted = await minter.mint(order);
    let place = key;
    if (minted.status === "refused" && minted.nature === "gone") {
      this.#options.installations.forget(order.owner, order.installationId);
      const again = order.mayResolve ? await this.#resolved(order) : undefined;
      if (again !== undefined) {
        place = this.#keyOf(again);
        minted = await minter.mint(again);
      }
    }
    if (minted.status === "minted") {
      cache.set(place, minted.held);
      this.#negative.delete(key);
      return minted;
    }
    if (minted.nature !== "transient") {
      cache.delete(key);
      this.#negative.delete(key);
      this.#negative.set(key, { refusal: minted.refusal, until: this.#now() + NEGATIVE_MS });
      trim(this.#negative);
    }
    return minted;
  }

  async #resolved(order: TokenOrder): Promise<TokenOrder | undefined> {
    const found = await this.#options.installations.byOwner(order.client, order.owner, order.deadline);
    return found.status === "found" ? { ...order, installationId: found.installation.id } : undefined;
  }

  #renew(key: string, order: TokenOrder): void {
    const now = this.#now();
    if (this.#flights.has(key) || (this.#notBefore.get(key) ?? 0) > now) return;
    this.#notBefore.delete(key);
    this.#notBefore.set(key, now + NEGATIVE_MS);
    trim(this.#notBefore);
    this.#start(key, { ...order, deadline: now + RENEWAL_MS }).catch(() => {
      // Nobody waits for it: the next request that does is told.
    });
  }

  #leftMs(held: HeldToken): number {
    return leftMs(held, this.#now(), this.#options.githubNow());
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}

function trim(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MAX_NEGATIVE) break;
    map.delete(oldest);
  }
}
