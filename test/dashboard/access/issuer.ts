import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import type { CryptoKey, JWK } from "jose";

export interface Issuer {
  readonly url: string;
  /** Times that the keys were fetched. */
  readonly fetched: () => number;
  /** Signs with a key of the issuer, or with another's under that key's id. */
  sign(claims?: Claims): Promise<string>;
  /** Puts a new key beside the others. */
  rotate(): Promise<void>;
  /** From now on the keys cannot be fetched. */
  breakDown(): void;
}

export interface Claims {
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly stranger?: boolean;
  readonly kid?: string;
  readonly padding?: number;
}

export const AUDIENCE = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";

interface Keys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Making a pair takes a quarter of a second: the n-th issuer of a file may have the same as the first. */
const pairs = new Map<string, ReturnType<typeof generateKeyPair>>();

async function makeKeys(kid: string, owner = "team"): Promise<Keys> {
  const name = `${owner} ${kid}`;
  const pair = pairs.get(name) ?? generateKeyPair("RS256", { extractable: true });
  pairs.set(name, pair);
  const { privateKey, publicKey } = await pair;
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

/** A team of Cloudflare Access on loopback: it publishes keys, and signs. */
export async function openIssuer(t: TestContext): Promise<Issuer> {
  const keys = [await makeKeys("key-1")];
  const stranger = await makeKeys("key-1", "stranger");
  let fetched = 0;
  let isBroken = false;
  const server = createServer((request, response) => {
    fetched += 1;
    response.statusCode = isBroken || request.url !== "/cdn-cgi/access/certs" ? 500 : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    fetched: () => fetched,
    async sign(claims = {}) {
      const newest = keys.at(-1) as Keys;
      const { privateKey } = claims.stranger === true ? stranger : newest;
      return new SignJWT({ email: "tester@example.com", padding: "x".repeat(claims.padding ?? 0) })
        .setProtectedHeader({ alg: "RS256", kid: claims.kid ?? newest.kid })
        .setIssuer(claims.issuer ?? url)
        .setAudience([claims.audience ?? AUDIENCE])
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (claims.expiresIn ?? 3600))
        .sign(privateKey);
    },
    async rotate() {
      keys.push(await makeKeys(`key-${keys.length + 1}`));
    },
    breakDown() {
      isBroken = true;
    },
  };
}
