/** Takes tokens, keys and JWTs out of every line on its way out. */
import { createSecretScrubber, type Secret } from "../core/secrets.ts";

const HIDDEN = "[redacted]";
/** Form that `ghs_` tokens have had since April 2026, and all before it; the dash is missing in GitHub's own pattern. */
const GITHUB_TOKEN = /gh[oprsu]_[A-Za-z0-9._-]{20,}/g;
const PATTERNS: readonly RegExp[] = [
  GITHUB_TOKEN,
  /github_pat_[A-Za-z0-9_]{20,}/g,
  // A JWT, its signature cut off or not: header and claims alone tell enough.
  /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  // A key up to its last line or, cut off, to the end of the JSON string that it stands in.
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|(?="|$))/g,
  // The body of an RSA key without its first line, and a whole PEM in base64.
  /MII[A-Za-z0-9+/]{48,}(?:(?:\\r|\\n|\s)*[A-Za-z0-9+/=]{16,})*/g,
  /LS0tLS1CRUdJTi[A-Za-z0-9+/=]{16,}/g,
];
/** Tokens of a form that no pattern covers, which are looked for by value. */
const MAX_ODD = 1000;

export class Redactor {
  readonly #scrub: (text: string) => string;
  /** Forms of a token, by the token. */
  readonly #odd = new Map<string, readonly string[]>();

  /** `secrets` are the callers' own, for ever. */
  constructor(secrets: readonly Secret[]) {
    this.#scrub = createSecretScrubber(secrets);
  }

  /** From now on the token is taken out of every line, whatever it looks like. */
  remember(token: string): void {
    if (token.replace(GITHUB_TOKEN, "") === "" || this.#odd.has(token)) return;
    const forms = [token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token)];
    this.#odd.set(
      token,
      [...new Set(forms)].sort((a, b) => b.length - a.length),
    );
    for (const oldest of this.#odd.keys()) {
      if (this.#odd.size <= MAX_ODD) break;
      this.#odd.delete(oldest);
    }
  }

  redact(text: string): string {
    let rest = this.#scrub(text);
    for (const forms of this.#odd.values()) {
      for (const form of forms) rest = rest.replaceAll(form, HIDDEN);
    }
    return PATTERNS.reduce((line, pattern) => line.replace(pattern, HIDDEN), rest);
  }
}
