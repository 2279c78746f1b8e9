import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A private key as the operator downloads it; GitHub keeps the public half alone. */
export interface AppKey {
  /** PKCS#8, RSA-2048. */
  readonly privateKeyPem: string;
}

/** The public keys of an App: a JWT signed by any of them counts, which is how a key is rotated without a gap. */
export class AppKeys {
  #keys: { readonly privateKeyPem: string; readonly publicKey: KeyObject }[] = [];

  add(): AppKey {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    this.#keys.push({ privateKeyPem: privateKey, publicKey: createPublicKey(privateKey) });
    return { privateKeyPem: privateKey };
  }

  /** From now on a JWT of this key is one GitHub cannot decode. */
  remove(key: AppKey): void {
    this.#keys = this.#keys.filter((one) => one.privateKeyPem !== key.privateKeyPem);
  }

  get publicKeys(): readonly KeyObject[] {
    return this.#keys.map((one) => one.publicKey);
  }
}
