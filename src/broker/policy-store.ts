/** The policy in force: from its file, which may change, or the one built in. */
import { readFile } from "node:fs/promises";
import { ConfigError, errorCode } from "../core/errors.ts";
import { readPolicy } from "./policy-file.ts";
import type { Policy } from "./policy.ts";

export interface PolicySource {
  readonly path: string;
  /** Named by the operator: must exist. */
  readonly required: boolean;
}

export class PolicyStore {
  readonly #source: PolicySource;
  #current: Policy;
  #text: string | undefined;
  #problem: string | undefined;

  private constructor(source: PolicySource, builtIn: Policy) {
    this.#source = source;
    this.#current = builtIn;
  }

  /** Throws ConfigError for a file that is bad, or that has to be there and is not. */
  static async open(source: PolicySource, builtIn: Policy): Promise<PolicyStore> {
    const store = new PolicyStore(source, builtIn);
    await store.reload();
    if (store.#problem !== undefined) throw new ConfigError(store.#problem, { file: source.path });
    return store;
  }

  get current(): Policy {
    return this.#current;
  }

  /** What is wrong with the file as it is now; the policy read before it stays in force. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads the file again; true when another policy is in force now. */
  async reload(): Promise<boolean> {
    let text: string;
    try {
      text = await readFile(this.#source.path, "utf8");
    } catch (error) {
      const code = errorCode(error) ?? "unknown";
      const mayMiss = !this.#source.required && this.#text === undefined && (code === "ENOENT" || code === "EISDIR");
      this.#problem = mayMiss
        ? undefined
        : `The policy ${this.#source.path} cannot be read (${code}): put it back, or correct BROKER_POLICY_FILE.`;
      return false;
    }
    if (text === this.#text && this.#problem === undefined) return false;
    const reading = readPolicy(text);
    if (reading.status === "bad") {
      this.#problem = `The policy ${this.#source.path} is bad: ${reading.problems.slice(0, 5).join("; ")}. Correct it; \`npm run broker -- check-policy FILE\` tells all.`;
      return false;
    }
    this.#problem = undefined;
    const changed = reading.policy.digest !== this.#current.digest;
    this.#text = text;
    this.#current = reading.policy;
    return changed;
  }
}
