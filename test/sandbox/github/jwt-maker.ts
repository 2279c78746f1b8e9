import { sign } from "node:crypto";
import type { AppKey } from "../../../src/sandbox/github/keys.ts";

export interface Claims {
  readonly iss?: unknown;
  /** Epoch seconds. */
  readonly iat?: unknown;
  readonly exp?: unknown;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT as an App signs it; by default one that GitHub takes now. */
export function makeJwt(key: AppKey, claims: Claims = {}, header: object = { alg: "RS256", typ: "JWT" }): string {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part(header)}.${part({ iss: 7, iat: now - 30, exp: now + 300, ...claims })}`;
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key.privateKeyPem).toString("base64url")}`;
}
