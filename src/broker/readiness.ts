/** What `/readyz` tells: whether tokens can be had, and if not, why. Pure. */
import type { AppIdentity } from "./identity.ts";

export interface State {
  readonly stopping: boolean;
  /** What has still to be set up; empty when all is there. */
  readonly missing: readonly string[];
  readonly keys: "none" | "bad" | "good";
  readonly keyProblems: readonly string[];
  readonly keyIds: readonly string[];
  readonly policyProblem: string | undefined;
  readonly policySource: string;
  readonly policyDigest: string;
  readonly github: "unknown" | "ok" | "degraded" | "down" | "refused";
  readonly identity: AppIdentity | undefined;
  readonly identityProblem: string | undefined;
  readonly skewS: number;
  /** Epoch ms. */
  readonly startedAt: number;
}

export type Status = "ok" | "degraded" | "not_configured" | "failed" | "shutting_down";

/**
 * GitHub's being down alone is `degraded` and 200: a restart would lose the tokens that are still good. 503 is for what
 * the operator has to mend, and for the end.
 */
export function readiness(state: State): { readonly http: 200 | 503; readonly body: object } {
  const status = statusOf(state);
  return {
    http: status === "failed" || status === "shutting_down" ? 503 : 200,
    body: {
      status,
      github: state.github,
      key_ids: state.keyIds,
      policy: state.policySource,
      policy_digest: state.policyDigest,
      clock_skew_s: state.skewS,
      app: state.identity ?? null,
      started_at: state.startedAt,
      problems: problemsOf(state),
    },
  };
}

function statusOf(state: State): Status {
  if (state.stopping) return "shutting_down";
  if (state.keys === "bad" || state.policyProblem !== undefined || state.identityProblem !== undefined) return "failed";
  if (state.missing.length > 0) return "not_configured";
  if (state.github === "refused") return "failed";
  const whole = (state.github === "ok" || state.github === "unknown") && state.keyProblems.length === 0;
  return whole ? "ok" : "degraded";
}

function problemsOf(state: State): readonly string[] {
  const refused =
    state.github === "refused" ? ["GitHub does not accept the App's key: check GITHUB_APP_ID and the key file."] : [];
  const down = state.github === "down" ? ["GitHub does not answer."] : [];
  const told = [state.policyProblem, state.identityProblem].filter((one) => one !== undefined);
  return [...state.missing, ...state.keyProblems, ...told, ...refused, ...down];
}
