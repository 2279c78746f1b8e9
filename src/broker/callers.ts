/** Who calls, and whether a page or a foreign name has a part in it. Pure. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Policy } from "./policy.ts";

/** What a secret has to have, in bytes. */
export const MIN_SECRET_BYTES = 32;
/** Headers that browsers, web-fetch tools and proxies add, and a caller of ours never sends. */
const FOREIGN_HEADERS = ["origin", "sec-fetch-site", "forwarded", "x-forwarded-for", "x-forwarded-host"];

/**
 * The id of the client whose secret the request bears. Compares digests, all of them, so that the time tells nothing.
 * `authorization` holds every such header that came.
 */
export function authenticate(authorization: readonly string[] | undefined, policy: Policy): string | undefined {
  const [header = "", ...others] = authorization ?? [];
  const secret = /^Bearer +([^\s]+) *$/i.exec(header)?.[1] ?? "";
  const digest = createHash("sha256").update(secret).digest();
  let found: string | undefined;
  for (const client of policy.clients) {
    for (const own of client.secretDigests) {
      if (timingSafeEqual(digest, own)) found = client.id;
    }
  }
  return others.length === 0 && Buffer.byteLength(secret) >= MIN_SECRET_BYTES ? found : undefined;
}

/**
 * Why a request is not one of ours, or undefined. `hosts` are the names that we answer to, without port; the address
 * that the connection came to is one as well.
 */
export function foreignTrait(
  headers: IncomingHttpHeaders,
  hosts: ReadonlySet<string>,
  localAddress: string,
): string | undefined {
  const header = FOREIGN_HEADERS.find((name) => headers[name] !== undefined);
  if (header !== undefined) return `Requests with the header ${header} are refused: call the broker directly.`;
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(headers.host ?? "")?.[1]?.toLowerCase();
  const local = [localAddress.replace(/^::ffff:/, ""), `[${localAddress}]`];
  if (name !== undefined && (hosts.has(name) || local.includes(name))) return undefined;
  return "The Host is none of the broker's names: use its own, or add it to BROKER_ALLOWED_HOSTS.";
}
