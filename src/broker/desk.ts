/** From a well-formed request to a token or a refusal: policy, installation, token, and the policy again. */
import type { Clock } from "../core/clock.ts";
import { refusal, type DeniedPair, type Refusal } from "./errors.ts";
import { mismatch, type Installations } from "./installations.ts";
import type { Metrics } from "./metrics.ts";
import { keepsPins } from "./mint-check.ts";
import type { TokenAsk } from "./parse.ts";
import { decide, type Ask, type Candidate, type Decision, type Policy, type Purpose } from "./policy.ts";
import type { Served, Tokens } from "./tokens.ts";

interface Place {
  readonly status: "found";
  readonly owner: string;
  readonly installationId: number;
  readonly candidate: Candidate;
}
type Placed = Place | { readonly status: "refused"; readonly refusal: Refusal };

/** For GitHub, all calls of a request together; the answer has to be there within ten seconds. */
const GITHUB_MS = 8000;
/** After that the request is answered, whatever is still under way. */
const ANSWER_MS = 9600;

export interface DeskOptions {
  readonly policy: () => Policy;
  readonly installations: Installations;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export class Desk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Never later than 9.6 s; a mint under way goes on for those who come after. */
  issue(client: string, ask: TokenAsk, purpose: Purpose): Promise<Served> {
    const work = this.#issue(client, ask, purpose);
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ANSWER_MS, () => {
        resolve({
          status: "refused",
          refusal: refusal("upstream_timeout", "GitHub did not answer in time: try again."),
        });
      });
      work.finally(cancel).then(resolve, reject);
    });
  }

  async #issue(client: string, ask: TokenAsk, purpose: Purpose): Promise<Served> {
    const { clock, tokens } = this.#options;
    const policy = this.#options.policy();
    const decision = decide(policy, client, ask, purpose);
    if (decision.status !== "allowed") return this.#refuse(client, purpose, decision);
    const deadline = clock.monotonic() + GITHUB_MS;
    const placed = await this.#place(client, decision.candidates, ask, deadline);
    if (placed.status === "refused") return placed;
    const limits = policy.clients.find((one) => one.id === client)?.limits;
    if (limits === undefined) throw new Error("A decision for a client that the policy does not have");
    const served = await tokens.serve({
      client,
      owner: placed.owner,
      installationId: placed.installationId,
      scope: placed.candidate.scope,
      policyDigest: policy.digest,
      limits,
      minTtlMs: (ask.minTtlSeconds ?? policy.minTtlSeconds) * 1000,
      mayResolve: ask.installationId === undefined && placed.candidate.pinnedId === undefined,
      deadline,
    });
    if (this.#options.policy().digest === policy.digest) return served;
    return this.#again(client, purpose, placed, served);
  }

  /**
   * The policy has changed since: what was allowed then must be allowed now, and a token that is not, and that nobody
   * was given yet, is ended. What was made is judged, not what the new policy would make of the request: its defaults
   * and its ids of repositories may be others.
   */
  async #again(client: string, purpose: Purpose, placed: Place, served: Served): Promise<Served> {
    const { repositories, permissions } = placed.candidate.scope;
    const { owner, installationId } = served.status === "ok" ? served.held : placed;
    const made: Ask = {
      owner,
      installationId,
      permissions,
      ...(repositories === "all" ? {} : { repositories }),
    };
    const decision = decide(this.#options.policy(), client, made, purpose);
    if (served.status === "refused")
      return decision.status === "allowed" ? served : this.#refuse(client, purpose, decision);
    if (decision.status === "allowed") {
      const pinned = decision.candidates.some(({ scope }) => keepsPins(served.held.repositories, scope.pins));
      if (pinned) return served;
    }
    if (served.source === "miss" || served.source === "coalesced") {
      await this.#options.tokens.takeBack(served.held, "the policy changed while it was made");
    }
    return this.#refuse(client, purpose, decision.status === "denied" ? decision : { status: "denied", denied: [] });
  }

  /** The account and installation meant, among those on which the request is allowed. */
  async #place(client: string, candidates: readonly Candidate[], ask: TokenAsk, deadline: number): Promise<Placed> {
    let refused: Refusal | undefined;
    for (const candidate of candidates) {
      const placed = await this.#locate(client, candidate, ask, deadline);
      if (placed.status === "refused") refused = placed.refusal;
      else if (ask.installationId === undefined || ask.installationId === placed.installationId) return placed;
      else if (ask.owner !== undefined) return { status: "refused", refusal: mismatch() };
    }
    return { status: "refused", refusal: refused ?? denial([]) };
  }

  async #locate(client: string, candidate: Candidate, ask: TokenAsk, deadline: number): Promise<Placed> {
    const { installations } = this.#options;
    const { owner, pinnedId } = candidate;
    if (owner !== undefined && pinnedId !== undefined)
      return { status: "found", owner, installationId: pinnedId, candidate };
    if (owner === undefined && ask.installationId === undefined) return { status: "refused", refusal: denial([]) };
    const found =
      owner === undefined
        ? await installations.byId(client, ask.installationId ?? 0, deadline)
        : await installations.byOwner(client, owner, deadline);
    if (found.status === "refused") return found;
    return { status: "found", owner: found.installation.login, installationId: found.installation.id, candidate };
  }

  #refuse(client: string, purpose: Purpose, decision: Exclude<Decision, { status: "allowed" }>): Served {
    if (decision.status === "invalid")
      return { status: "refused", refusal: refusal("invalid_request", decision.message) };
    this.#options.metrics.add("broker_policy_denied_total", { client, kind: purpose });
    return { status: "refused", refusal: denial(decision.denied) };
  }
}

function denial(denied: readonly DeniedPair[]): Refusal {
  const [first] = denied;
  const what = first === undefined ? "this" : `${first.permission}:${first.requested} on ${first.repository}`;
  return refusal("policy_denied", `The policy does not allow ${what}: ask the operator.`, { denied });
}
