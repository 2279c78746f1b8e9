/** Which installation of the App an account has. */
import type { Refusal } from "./errors.ts";
import { refusal } from "./errors.ts";
import type { GitHubApi, InstallationInfo } from "./github-api.ts";
import { refusalOf } from "./github-failure.ts";

export type Resolved =
  | { readonly status: "found"; readonly installation: InstallationInfo }
  | { readonly status: "refused"; readonly refusal: Refusal };

const MAX_KNOWN = 1000;
/** How long GitHub's "not installed" is believed, ms. */
const NEGATIVE_MS = 30_000;

/**
 * Looks accounts up once and remembers them without end: each mint proves that the id is still good, GitHub's 404 there
 * has it looked up again, and its reply names the account.
 */
export class Installations {
  readonly #api: GitHubApi;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, InstallationInfo>();
  readonly #refused = new Map<string, { readonly refusal: Refusal; readonly until: number }>();
  readonly #flights = new Map<string, Promise<Resolved>>();

  constructor(api: GitHubApi, monotonic: () => number) {
    this.#api = api;
    this.#monotonic = monotonic;
  }

  byOwner(owner: string, deadline: number): Promise<Resolved> {
    return this.#resolve(`owner ${owner.toLowerCase()}`, async () => {
      const result = await this.#api.installationOf(owner, deadline);
      // A renamed account still answers to its old name for a while, and another may take that name.
      const renamed = result.status === "ok" && result.value.login.toLowerCase() !== owner.toLowerCase();
      return renamed ? { status: "failed", failure: { kind: "gone", detail: "renamed" } } : result;
    });
  }

  byId(id: number, deadline: number): Promise<Resolved> {
    return this.#resolve(`id ${id}`, () => this.#api.installationById(id, deadline));
  }

  /** The id turned out to be gone, or somebody else's. */
  forget(owner: string, id: number): void {
    this.#known.delete(`owner ${owner.toLowerCase()}`);
    this.#known.delete(`id ${id}`);
  }

  #resolve(key: string, look: () => ReturnType<GitHubApi["installationById"]>): Promise<Resolved> {
    const known = this.#known.get(key);
    if (known !== undefined) return Promise.resolve({ status: "found", installation: known });
    const refused = this.#refused.get(key);
    if (refused !== undefined && refused.until > this.#monotonic()) {
      return Promise.resolve({ status: "refused", refusal: refused.refusal });
    }
    const flight = this.#flights.get(key) ?? this.#look(key, look).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #look(key: string, look: () => ReturnType<GitHubApi["installationById"]>): Promise<Resolved> {
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
