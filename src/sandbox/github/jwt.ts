import { verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { z } from "../../core/zod.ts";
import { TEXT } from "./texts.ts";

/** Who the App is, to a JWT: `iss` may be its id, as number or string, or its client id. */
export interface AppIdentity {
  readonly appId: number;
  readonly clientId: string;
}

export type JwtVerdict = { readonly status: "ok" } | { readonly status: "refused"; readonly message: string };

/** GitHub: "The time must be no more than 10 minutes into the future." */
const LIFE_SECONDS = 600;
/** How far in GitHub's future `iat` may lie: GitHub tells clients to set it 60 s back because of drifting clocks. */
const SLACK_SECONDS = 60;

const headerSchema = z.object({ alg: z.literal("RS256") });
const claimsSchema = z.object({
  iss: z.unknown().optional(),
  iat: z.unknown().optional(),
  exp: z.unknown().optional(),
});

/** Checks an App's JWT as GitHub does: signature, then issuer, then the times. `now` is GitHub's own, epoch ms. */
export function verifyJwt(jwt: string, app: AppIdentity, keys: readonly KeyObject[], now: number): JwtVerdict {
  const [header, payload, signature, ...more] = jwt.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    return refused(TEXT.badJwt);
  }
  const claims = claimsSchema.safeParse(decode(payload));
  if (!headerSchema.safeParse(decode(header)).success || !claims.success) return refused(TEXT.badJwt);
  const signed = Buffer.from(`${header}.${payload}`);
  const proof = Buffer.from(signature, "base64url");
  if (!keys.some((key) => verify("RSA-SHA256", signed, key, proof))) return refused(TEXT.badJwt);
  const message = issuerFault(claims.data.iss, app) ?? timeFault(claims.data, Math.floor(now / 1000));
  return message === undefined ? { status: "ok" } : refused(message);
}

function issuerFault(iss: unknown, app: AppIdentity): string | undefined {
  if (iss === undefined || iss === "") return TEXT.issuer;
  return iss === app.appId || iss === String(app.appId) || iss === app.clientId ? undefined : TEXT.badJwt;
}

function timeFault(claims: { readonly iat?: unknown; readonly exp?: unknown }, now: number): string | undefined {
  if (typeof claims.exp !== "number" || claims.exp <= now) return TEXT.expired;
  if (claims.exp > now + LIFE_SECONDS) return TEXT.tooFar;
  if (!Number.isInteger(claims.iat) || Number(claims.iat) > now + SLACK_SECONDS) return TEXT.issuedAt;
  return undefined;
}

function refused(message: string): JwtVerdict {
  return { status: "refused", message };
}

/** A part that is no base64 of JSON is undefined, which no schema takes. */
function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
