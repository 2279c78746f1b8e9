/** Which installation of the App an account has. */
import type { Refusal } from "./errors.ts";
import { refusal } from "./errors.ts";
import type { GitHubApi, InstallationInfo } from "./github-api.ts";
import { refusalOf } from "./github-failure.ts";
import type { Limiter } from "./limits.ts";

export type Resolved =
  | { readonly status: "found"; readonly installation: InstallationInfo }
  | { readonly status: "refused"; readonly refusal: Refusal };

type Api = Pick<GitHubApi, "installationOf" | "installationById">;

const MAX_KNOWN = 1000;
/** How long GitHub's "not installed" is believed, ms: whoever has just installed the App waits no longer than this. */
const NEGATIVE_MS = 30_000;

/**
 * Looks accounts up once and remembers them without end: each mint proves that the id is still good, GitHub's 404 there
 * has it looked up again, and its reply names the account. Names and ids are the callers' own words, so that each look-up
 * which goes out to GitHub is taken from its client's bucket; what is known, and a look-up under way, costs nothing.
 */
export class Installations {
  readonly #api: Api;
  readonly #limiter: Limiter;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, InstallationInfo>();
  readonly #refused = new Map<string, { readonly refusal: Refusal; readonly until: number }>();
  readonly #flights = new Map<string, Promise<Resolved>>();

  constructor(api: Api, limiter: Limiter, monotonic: () => number) {
    this.#api = api;
    this.#limiter = limiter;
    this.#monotonic = monotonic;
  }

  byOwner(client: string, owner: string, deadline: number): Promise<Resolved> {
    return this.#resolve(client, `owner ${owner.toLowerCase()}`, async () => {
      const result = await this.#api.installationOf(owner, deadline);
      // A renamed account still answers to its old name for a while, and another may take that name.
      const renamed = result.status === "ok" && result.value.login.toLowerCase() !== owner.toLowerCase();
      return renamed ? { status: "failed", failure: { kind: "gone", detail: "renamed" } } : result;
    });
  }

  byId(client: string, id: number, deadline: number): Promise<Resolved> {
    return this.#resolve(client, `id ${id}`, () => this.#api.installationById(id, deadline));
  }

  /** The id turned out to be gone, or somebody else's. */
  forget(owner: string, id: number): void {
    this.#known.delete(`owner ${owner.toLowerCase()}`);
    this.#known.delete(`id ${id}`);
  }

  #resolve(client: string, key: string, look: () => ReturnType<Api["installationById"]>): Promise<Resolved> {
    const known = this.#known.get(key);
    if (known !== undefined) return Promise.resolve({ status: "found", installation: known });
    const refused = this.#refused.get(key);
    if (refused !== undefined && refused.until > this.#monotonic()) {
      return Promise.resolve({ status: "refused", refusal: refused.refusal });
    }
    const under = this.#flights.get(key);
    if (under !== undefined) return under;
    const taken = this.#limiter.takeLookup(client, this.#monotonic());
    if (taken.status === "empty") {
      const limited = refusal("rate_limited", "Too many look-ups of accounts in a short time: wait.", {
        retryAfterS: taken.retryAfterS,
      });
      return Promise.resolve({ status: "refused", refusal: limited });
    }
    const flight = this.#look(key, look).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #look(key: string, look: () => ReturnType<Api["installationById"]>): Promise<Resolved> {
    const result = await look();
    if (result.status === "ok") {
      put(this.#known, key, result.value);
      this.#refused.delete(key);
      return { status: "found", installation: result.value };
    }
    const refused = refusalOf(result.failure);
    if (["gone", "suspended"].includes(result.failure.kind)) {
      put(this.#refused, key, { refusal: refused, until: this.#monotonic() + NEGATIVE_MS });
    }
    return { status: "refused", refusal: refused };
  }
}

function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_KNOWN) break;
    map.delete(oldest);
  }
}

/** For an id that is not the asked owner's. */
export function mismatch(): Refusal {
  return refusal("invalid_request", "owner and installation_id name different installations: give one.");
}
