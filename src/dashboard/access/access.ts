import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../core/secrets.ts";
import { Refusal } from "../errors.ts";
import type { Request } from "../http.ts";
import { isAllowedHost, isAllowedOrigin } from "./hosts.ts";
import type { AccessTokens, Verdict } from "./jwt.ts";

/** `until`: epoch ms after which the client must show itself anew. */
export type Entry =
  | { readonly status: "in"; readonly until?: number }
  | { readonly status: "refused"; readonly refusal: Refusal };

/** Of an upgrade, which cannot wait: `held` is let in, but neither heard nor answered before the verdict. */
export type UpgradeEntry = Entry | { readonly status: "held"; readonly verdict: Promise<Entry> };

export interface AccessOptions {
  readonly allowedHosts: readonly string[];
  /** For programs, in place of a JWT. */
  readonly token: Secret | undefined;
  /** Undefined: nobody is asked for one. */
  readonly tokens: AccessTokens | undefined;
}

const IN: Entry = { status: "in" };
/** Said to whoever asks, and telling nothing. */
const OPEN_PATHS = new Set(["/healthz", "/readyz"]);
const OWN_PAGES = new Set(["same-origin", "none"]);
const METHODS = new Set(["GET", "HEAD"]);

/** Who may ask, in this order: the name that was asked, the method, the page that asks, the person behind it. */
export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  async check(request: Request): Promise<Entry> {
    const refusal = this.#place(request) ?? this.#page(request);
    if (refusal !== undefined) return { status: "refused", refusal };
    if (OPEN_PATHS.has(request.path)) return IN;
    const person = this.#person(request);
    return person.status === "asked" ? entryOf(await person.tokens.verify(person.token)) : person;
  }

  /** An upgrade must name its origin: a page of anywhere may open a WebSocket, and nothing else would stop it. */
  checkUpgrade(request: Request): UpgradeEntry {
    const refusal = this.#place(request) ?? this.#page(request) ?? this.#named(request);
    if (refusal !== undefined) return { status: "refused", refusal };
    const person = this.#person(request);
    if (person.status !== "asked") return person;
    const verdict = person.tokens.verdictNow(person.token);
    if (verdict !== undefined) return entryOf(verdict);
    return { status: "held", verdict: person.tokens.verify(person.token).then(entryOf) };
  }

  #place({ headers, method }: Request): Refusal | undefined {
    if (!isAllowedHost(headers.get("host"), this.#options.allowedHosts)) {
      return new Refusal(
        "foreign_host",
        "The dashboard does not answer to this Host: add it to DASHBOARD_ALLOWED_HOSTS.",
      );
    }
    if (METHODS.has(method)) return undefined;
    return new Refusal("method_not_allowed", "The dashboard only reads: use GET or HEAD.");
  }

  #page(request: Request): Refusal | undefined {
    const { headers } = request;
    const origin = headers.get("origin");
    const { allowedHosts } = this.#options;
    const isForeign = origin !== undefined && !isAllowedOrigin(origin, headers.get("host"), allowedHosts);
    // Another port or subdomain is the same site to a browser, and another origin to us: it would learn from how long an
    // answer takes what is in it.
    const isOwn = OWN_PAGES.has(headers.get("sec-fetch-site") ?? "none");
    if (!isForeign && (isOwn || isLinkToPage(request))) return undefined;
    return new Refusal("foreign_origin", "Another site's page may not ask: open the dashboard under its own address.");
  }

  #named({ headers }: Request): Refusal | undefined {
    if (headers.get("origin") !== undefined) return undefined;
    return new Refusal("foreign_origin", "An upgrade needs an Origin header: send the dashboard's own address.");
  }

  #person({ headers }: Request): Entry | { status: "asked"; tokens: AccessTokens; token: string } {
    const { tokens, token } = this.#options;
    if (tokens === undefined) return IN;
    const bearer = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (token !== undefined && bearer !== undefined && isSame(bearer, token)) return IN;
    const jwt = headers.get("cf-access-jwt-assertion");
    return jwt === undefined ? entryOf({ status: "bad" }) : { status: "asked", tokens, token: jwt };
  }
}

/** Somebody follows a link to the page: it bears no data, and asks for them itself. */
function isLinkToPage({ path, headers }: Request): boolean {
  const isNavigation = headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
  return isNavigation && path === "/" && headers.get("origin") === undefined;
}

function entryOf(verdict: Verdict): Entry {
  if (verdict.status === "good") return { status: "in", until: verdict.until };
  const message = "A valid Cloudflare Access JWT is missing: sign in through the dashboard's public address.";
  return { status: "refused", refusal: new Refusal("unauthenticated", message) };
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, secret: Secret): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(secret.reveal()));
}
