/** The App's private key as operators' files hold it: mended where only the wrapping is damaged. Pure. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

export interface AppKey {
  /** `SHA256:…` of the public key, as GitHub's settings of the App show it. */
  readonly id: string;
  readonly key: KeyObject;
}

export type KeyReading =
  | { readonly status: "ok"; readonly key: AppKey }
  | { readonly status: "bad"; readonly reason: string };

const ARMOUR = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/;
const AGAIN = "download a new private key from the App's settings";
/** What GitHub makes, and the least that RS256 allows. */
const MIN_BITS = 2048;

/**
 * Reads PKCS#1 and PKCS#8, also with `\n` spelled out, CRLF, a byte order mark, quotes, on one line, after comment lines
 * or wrapped in base64. Else a reason in plain words, without a piece of the file.
 */
export function readAppKey(text: string): KeyReading {
  const plain = unwrap(text);
  if (plain === "") return bad(`is empty: ${AGAIN}`);
  const [, label, body] = ARMOUR.exec(plain) ?? [];
  if (label === undefined || body === undefined) return bad(withoutArmour(plain));
  const reason = wrongKind(label, body);
  return reason === undefined ? load(label, body) : bad(reason);
}

/** Takes off, layer by layer, what was put around the PEM. */
function unwrap(text: string): string {
  const plain = text
    .replace(/^\uFEFF/, "")
    .replaceAll(String.raw`\r`, "")
    .replaceAll(String.raw`\n`, "\n")
    .replaceAll("\r", "\n")
    .trim()
    .replace(/^(["'`])([\s\S]*)\1$/, "$2")
    .trim();
  if (plain.includes("-----") || !/^[A-Za-z0-9+/=\s_-]+$/.test(plain)) return plain;
  const decoded = Buffer.from(plain, "base64").toString("latin1");
  return decoded.includes("-----BEGIN") ? unwrap(decoded) : plain;
}

function withoutArmour(plain: string): string {
  if (plain.includes("-----BEGIN"))
    return `is cut off, its last line (-----END …) is missing: copy the whole file, or ${AGAIN}`;
  if (/^ssh-(?:rsa|ed25519) /.test(plain)) return `is a public SSH key: ${AGAIN}`;
  return `is no PEM, it has no line -----BEGIN …: ${AGAIN}`;
}

function wrongKind(label: string, body: string): string | undefined {
  if (label.includes("PUBLIC KEY")) return `is a public key, and only the private one can sign: ${AGAIN}`;
  if (label.includes("CERTIFICATE")) return `is a certificate and no key: ${AGAIN}`;
  if (label.startsWith("ENCRYPTED") || body.includes("ENCRYPTED")) {
    return "is locked with a passphrase: unlock it with `openssl rsa -in FILE -out NEW`";
  }
  if (label.startsWith("OPENSSH")) return `is an SSH key, and GitHub Apps have none: ${AGAIN}`;
  if (label.startsWith("EC ")) return `is an elliptic-curve key, and GitHub Apps sign with RSA: ${AGAIN}`;
  return undefined;
}

function load(label: string, body: string): KeyReading {
  const lines = body.replace(/\s+/g, "").match(/.{1,64}/g) ?? [];
  let key: KeyObject;
  try {
    key = createPrivateKey(`-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`);
  } catch {
    return bad(`is damaged, its content does not decode: ${AGAIN}`);
  }
  if (key.asymmetricKeyType !== "rsa")
    return bad(
      `is a key of another kind (${key.asymmetricKeyType ?? "unknown"}), and GitHub Apps sign with RSA: ${AGAIN}`,
    );
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) return bad(`has ${bits} bits, and GitHub asks for ${MIN_BITS} or more: ${AGAIN}`);
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return { status: "ok", key: { id: `SHA256:${createHash("sha256").update(spki).digest("base64")}`, key } };
}

function bad(reason: string): KeyReading {
  return { status: "bad", reason };
}
