import { z } from "../../core/zod.ts";
import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { describeError } from "../../core/errors.ts";
import { getText } from "../../core/node-http.ts";
import type { Logger } from "../../core/log.ts";

/** The part of the broker's `GET /readyz` that says who the GitHub App is; null while it does not know. */
const readySchema = z.looseObject({
  app: z.looseObject({ name: z.string().min(1).max(200), email: z.string().min(3).max(300) }).nullish(),
});

const ASK_MS = 1_000;
const AGAIN_MS = 30_000;
/** A body larger than this is not the broker's. */

export interface IdentityOptions {
  /** Without one there is nobody to ask, and agents commit as the environment says. */
  readonly brokerUrl: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Who the agents' commits are by: the GitHub App's own account, as the credential broker knows it. Without a name
 * `git commit` fails in a fresh container. Asks until it is told; the operator's own variables go before.
 */
export class CommitIdentity {
  readonly #options: IdentityOptions;
  readonly #stopped = new AbortController();
  #variables: Readonly<Record<string, string>> = {};
  #cancel: () => void = () => undefined;

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /** Git's variables, as far as known now. */
  get variables(): Readonly<Record<string, string>> {
    return this.#variables;
  }

  /** Asks for the first time; resolves when that is answered or has failed, within a second. */
  async start(): Promise<void> {
    if (this.#options.brokerUrl !== undefined) await this.#ask(this.#options.brokerUrl);
  }

  stop(): void {
    this.#stopped.abort();
    this.#cancel();
  }

  async #ask(brokerUrl: string): Promise<void> {
    const { log, clock } = this.#options;
    try {
      const text = await withDeadline(ASK_MS, this.#stopped.signal, (signal) => getText(`${brokerUrl}/readyz`, signal));
      const { app } = readySchema.parse(JSON.parse(text));
      if (app !== null && app !== undefined) {
        this.#variables = variablesOf(app);
        log.info({ name: app.name }, "agents commit as the GitHub App");
        return;
      }
    } catch (error) {
      log.debug({ error: describeError(error) }, "the broker does not say who the GitHub App is; asking again");
    }
    if (this.#stopped.signal.aborted) return;
    this.#cancel = clock.after(AGAIN_MS, () => void this.#ask(brokerUrl));
  }
}

function variablesOf({ name, email }: { name: string; email: string }): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}
