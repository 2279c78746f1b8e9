/** The App's JWT. The sole user of @octokit/auth-app, and of nothing in it but that: its tokens are cached too widely. */
import { sign } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import type { Clock } from "../core/clock.ts";
import type { AppKey } from "./key-file.ts";

/** GitHub takes ten minutes at most; a JWT is used at once. Issued a minute back, since clocks differ. */
const LIFE_S = 300;
const BACK_S = 60;
/** Seconds by which GitHub's clock may differ before a refused JWT is put down to it. */
const NOTABLE_SKEW_S = 5;

export class GitHubApp {
  readonly #appId: string;
  readonly #clock: Clock;
  #skewMs = 0;

  /** `appId` is the number of the App, or its client id. */
  constructor(appId: string, clock: Clock) {
    this.#appId = appId;
    this.#clock = clock;
  }

  get appId(): string {
    return this.#appId;
  }

  /** GitHub's clock less ours, ms. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** GitHub's time now, epoch ms. */
  githubNow(): number {
    return this.#clock.now() + this.#skewMs;
  }

  /** Takes the time from a `Date` header; true when it was notably off before. Whole seconds are all that it tells. */
  learn(date: string | undefined): boolean {
    const told = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(told)) return false;
    const skewMs = told - this.#clock.now();
    const moved = Math.abs(skewMs - this.#skewMs) > NOTABLE_SKEW_S * 1000;
    this.#skewMs = Math.abs(skewMs) > 2000 ? skewMs : 0;
    return moved;
  }

  /** A JWT for the next call, by GitHub's clock. */
  async jwt({ key }: AppKey): Promise<string> {
    const auth = createAppAuth({
      appId: this.#appId,
      createJwt: (appId) => Promise.resolve(this.#signed(String(appId), key)),
    });
    const { token } = await auth({ type: "app" });
    return token;
  }

  #signed(issuer: string, key: AppKey["key"]): { jwt: string; expiresAt: string } {
    const now = Math.floor(this.githubNow() / 1000);
    const claims = { iat: now - BACK_S, exp: now + LIFE_S, iss: issuer };
    const text = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(text), key).toString("base64url");
    return { jwt: `${text}.${signature}`, expiresAt: new Date(claims.exp * 1000).toISOString() };
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
