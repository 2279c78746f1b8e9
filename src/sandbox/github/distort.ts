import type { Answer } from "./call.ts";
import type { Fault } from "./faults.ts";
import { describeRepository } from "./shapes.ts";
import type { GitHubState } from "./state.ts";
import type { Permissions, Repository } from "./world.ts";
import { same } from "./world.ts";

/** A mint's answer as this stand-in made it. */
interface Minted {
  readonly token: string;
  readonly permissions: Permissions;
  readonly repository_selection: "all" | "selected";
  readonly repositories?: readonly object[];
}

/** The answer in the place of the real one, for faults that change its content. */
export function distort(state: GitHubState, answer: Answer, fault: Fault | undefined): Answer {
  if (fault === undefined) return answer;
  switch (fault.kind) {
    case "status":
      return {
        status: fault.status,
        body: fault.body,
        ...(fault.headers === undefined ? {} : { headers: fault.headers }),
      };
    case "patch":
      return { ...answer, body: { ...(answer.body as object), ...fault.fields } };
    case "wider":
      return answer.status === 201 ? { ...answer, body: widen(state, answer.body as Minted, fault) } : answer;
    case "drop":
    case "delay":
    case "hold":
    case "endless":
    case "huge":
      return answer;
  }
}

/** The token on the books grows with the answer, so that what is told is also true. */
function widen(state: GitHubState, minted: Minted, fault: Fault & { readonly kind: "wider" }): object {
  const grant = state.tokens.live(minted.token, state.now());
  const from = grant === undefined ? undefined : state.world.byId(grant.installationId);
  if (grant === undefined || from === undefined) return minted;
  const isMore = (one: Repository): boolean => (fault.repositories ?? []).some((name) => same(name, one.name));
  const more = from.repositories.filter(isMore);
  const permissions = { ...minted.permissions, ...fault.permissions };
  const repositories = fault.selection === "all" ? from.repositories : [...grant.repositories, ...more];
  state.tokens.add(minted.token, { ...grant, permissions, repositories });
  const listed = minted.repositories ?? [];
  return {
    ...minted,
    permissions,
    repository_selection: fault.selection ?? minted.repository_selection,
    repositories: [...listed, ...more.map((one) => describeRepository(state, from, one))],
  };
}
