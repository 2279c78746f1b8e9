/** How often a client may cost GitHub a call: buckets a client, and some for all together. */
import type { MintLimits } from "./policy.ts";

export type Taken = { readonly status: "taken" } | { readonly status: "empty"; readonly retryAfterS: number };

const HOUR_MS = 3_600_000;
/** For all clients together: what one App may ask of GitHub in an hour without being slowed down. */
const ALL_PER_HOUR = 2000;
/**
 * Look-ups of installations. Each is two calls at most, and of an account that has the App there is one in the broker's
 * life. All together and the mints above stay under the 5000 calls an hour that GitHub gives an App.
 */
const LOOKUPS = { perMinute: 20, perHour: 300, allPerHour: 1000 } as const;

/** A bucket that holds `capacity` and is filled again over `spanMs`. */
export class Bucket {
  #tokens: number;
  #at: number;

  constructor(capacity: number, now: number) {
    this.#tokens = capacity;
    this.#at = now;
  }

  /** Milliseconds until one can be taken, 0 at once. The capacity may change from call to call. */
  waitMs(capacity: number, spanMs: number, now: number): number {
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#at) * capacity) / spanMs);
    this.#at = now;
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * spanMs) / capacity);
  }

  take(): void {
    this.#tokens -= 1;
  }
}

export class Limiter {
  readonly #buckets = new Map<string, Bucket>();

  /** One mint for a client. `now` is monotonic ms. A client that is given more than the usual total raises it. */
  takeMint(client: string, limits: MintLimits, now: number): Taken {
    const total = Math.max(ALL_PER_HOUR, limits.mintsPerHour);
    return this.#take(now, [
      { key: `m ${client}`, capacity: limits.mintsPerMinute, spanMs: 60_000 },
      { key: `h ${client}`, capacity: limits.mintsPerHour, spanMs: HOUR_MS },
      { key: "all", capacity: total, spanMs: HOUR_MS },
    ]);
  }

  /** One look-up of an installation, of an account or an id that may well not exist. */
  takeLookup(client: string, now: number): Taken {
    return this.#take(now, [
      { key: `look-up m ${client}`, capacity: LOOKUPS.perMinute, spanMs: 60_000 },
      { key: `look-up h ${client}`, capacity: LOOKUPS.perHour, spanMs: HOUR_MS },
      { key: "look-up all", capacity: LOOKUPS.allPerHour, spanMs: HOUR_MS },
    ]);
  }

  /** Whatever else a client does that costs GitHub or the cache something. */
  takeOther(client: string, action: string, perMinute: number, now: number): Taken {
    return this.#take(now, [{ key: `${action} ${client}`, capacity: perMinute, spanMs: 60_000 }]);
  }

  /** From all buckets, or from none. */
  #take(now: number, wanted: readonly { key: string; capacity: number; spanMs: number }[]): Taken {
    const buckets = wanted.map(({ key, capacity, spanMs }) => {
      const bucket = this.#buckets.get(key) ?? new Bucket(capacity, now);
      this.#buckets.set(key, bucket);
      return { bucket, waitMs: bucket.waitMs(capacity, spanMs, now) };
    });
    const waitMs = Math.max(...buckets.map((one) => one.waitMs));
    if (waitMs > 0) return { status: "empty", retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)) };
    for (const { bucket } of buckets) bucket.take();
    return { status: "taken" };
  }
}
