import { createHash, createPublicKey, verify } from "node:crypto";
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { AccessConfig } from "../config.ts";

/** `until`: epoch ms at which the JWT expires. */
export type Verdict = { readonly status: "good"; readonly until: number } | { readonly status: "bad" };

const BAD: Verdict = { status: "bad" };
/** Clocks differ, s: a JWT may be a little too new. It is never too old: what was opened with it ends when it does. */
const TOLERANCE_S = 10;
/** Longer than a JWT that the engine's headers have room for. */
const MAX_LENGTH = 16 * 1024;
/** Verdicts kept: one a signed-in person and day, and a token costs 100 µs to verify anew. */
const MAX_KNOWN = 1_000;

/**
 * Cloudflare Access JWTs, verified against the team's published keys: RS256, issuer, audience, time. Keys rotate every
 * six weeks; a key id not seen before makes it fetch them anew, at most every 30 s.
 */
export class AccessTokens {
  readonly #config: AccessConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  /** Good ones by their digest, until they expire. */
  readonly #known = new Map<string, number>();
  readonly #stop = new AbortController();

  constructor(config: AccessConfig, clock: Clock, log: Logger) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#keys = createRemoteJWKSet(new URL("/cdn-cgi/access/certs", config.issuer), {
      [customFetch]: (url, options) =>
        fetch(url, { ...options, signal: AbortSignal.any([options.signal, this.#stop.signal]) }),
    });
  }

  /** Ends what is being fetched, which would keep the process for seconds; from then on nobody new gets in. */
  close(): void {
    this.#stop.abort();
  }

  /** Fetches the keys before they are needed. Never rejects. */
  async warm(): Promise<void> {
    await this.#keys.reload().catch((error: unknown) => {
      this.#log.warn({ issuer: this.#config.issuer, error: describeError(error) }, "no keys of Cloudflare Access yet");
    });
  }

  /** Never rejects: without keys nobody gets in. */
  async verify(token: string): Promise<Verdict> {
    const known = this.#lookUp(token);
    if (known !== undefined) return known;
    if (token.length > MAX_LENGTH) return BAD;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#config.issuer,
        audience: this.#config.audience,
        algorithms: ["RS256"],
        requiredClaims: ["exp"],
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(this.#clock.now()),
      });
      return this.#remember(token, (payload.exp ?? 0) * 1_000);
    } catch (error) {
      this.#log.debug({ error: describeError(error) }, "access token refused");
      return BAD;
    }
  }

  /**
   * For an upgrade, which must be answered at once: the verdict on a token seen before; "bad" where that can be told
   * from its claims and the keys held; undefined where only `verify` can tell. It lets nobody in by itself.
   */
  verdictNow(token: string): Verdict | undefined {
    const known = this.#lookUp(token);
    if (known !== undefined) return known;
    try {
      return token.length <= MAX_LENGTH && this.#mayBeGood(token) ? undefined : BAD;
    } catch {
      return BAD;
    }
  }

  #mayBeGood(token: string): boolean {
    const { issuer, audience } = this.#config;
    const { iss, aud, exp = 0 } = decodeJwt(token);
    if (iss !== issuer || ![aud].flat().includes(audience)) return false;
    if (exp * 1_000 <= this.#clock.now()) return false;
    const { kid, alg } = decodeProtectedHeader(token);
    const key = this.#keys.jwks()?.keys.find((candidate) => candidate.kid === kid);
    if (alg !== "RS256" || key === undefined) return alg === "RS256";
    const [head = "", body = "", signature = ""] = token.split(".");
    const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
    return verify("sha256", Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, "base64url"));
  }

  #lookUp(token: string): Verdict | undefined {
    const digest = digestOf(token);
    const until = this.#known.get(digest);
    if (until === undefined) return undefined;
    if (until > this.#clock.now()) return { status: "good", until };
    this.#known.delete(digest);
    return BAD;
  }

  #remember(token: string, expiresAt: number): Verdict {
    if (expiresAt <= this.#clock.now()) return BAD;
    const oldest = this.#known.size >= MAX_KNOWN ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(digestOf(token), expiresAt);
    return { status: "good", until: expiresAt };
  }
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
