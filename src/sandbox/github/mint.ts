import { z } from "../../core/zod.ts";
import { notFound, refusal } from "./call.ts";
import type { Answer, Call } from "./call.ts";
import { describeRepository } from "./shapes.ts";
import type { GitHubState } from "./state.ts";
import { TEXT } from "./texts.ts";
import { newToken } from "./tokens.ts";
import type { TokenForm } from "./tokens.ts";
import { same } from "./world.ts";
import type { Installation, Level, Permissions, Repository } from "./world.ts";

/** GitHub: "Installation tokens expire one hour from the time you create them." */
const LIFE_MS = 3_600_000;
/** GitHub: "You can list up to 500 repositories." */
const MOST_REPOSITORIES = 500;
const LEVELS: readonly Level[] = ["read", "write", "admin"];

const requestSchema = z
  .object({
    repositories: z.array(z.string()).max(MOST_REPOSITORIES).optional(),
    repository_ids: z.array(z.number().int()).max(MOST_REPOSITORIES).optional(),
    permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).optional(),
  })
  .nullish();
type MintRequest = NonNullable<z.infer<typeof requestSchema>>;

/** `POST /app/installations/:id/access_tokens`. What is left out or empty means everything, as at GitHub. */
export function mint(state: GitHubState, call: Call, [id]: readonly string[]): Answer {
  const found = state.world.byId(Number(id));
  if (found === undefined) return notFound();
  if (found.suspendedAt !== undefined) return refusal(403, TEXT.suspended);
  if (typeof call.body === "string") return refusal(400, TEXT.badJson);
  const asked = requestSchema.safeParse(call.body);
  if (!asked.success) return refusal(422, TEXT.badRequest);
  const repositories = chosen(found, asked.data ?? {});
  if (repositories === undefined) return refusal(422, TEXT.repositories);
  const permissions = granted(found, asked.data?.permissions ?? {});
  if (permissions === undefined) return refusal(422, TEXT.permissions);
  return { status: 201, result: "minted", body: issue(state, call, found, repositories, permissions) };
}

/** Undefined when one of them is not of this installation. `all` when none is named. */
function chosen(from: Installation, asked: MintRequest): readonly Repository[] | "all" | undefined {
  const named = (asked.repositories ?? []).map((name) => from.repositories.find((one) => same(one.name, name)));
  const byId = (asked.repository_ids ?? []).map((id) => from.repositories.find((one) => one.id === id));
  const found = [...named, ...byId];
  if (found.length === 0) return "all";
  const known = found.filter((one) => one !== undefined);
  return known.length < found.length ? undefined : [...new Set(known)];
}

/** Undefined when more is asked than the account's owner granted. Reading metadata comes with every token. */
function granted(from: Installation, asked: Permissions): Permissions | undefined {
  const names = Object.keys(asked);
  if (names.length === 0) return { ...from.permissions, metadata: "read" };
  const within = names.every(
    (name) => rank(asked[name]) <= rank(name === "metadata" ? "read" : from.permissions[name]),
  );
  return within ? { ...asked, metadata: "read" } : undefined;
}

function rank(level: Level | undefined): number {
  return level === undefined ? -1 : LEVELS.indexOf(level);
}

function issue(
  state: GitHubState,
  call: Call,
  from: Installation,
  repositories: readonly Repository[] | "all",
  permissions: Permissions,
): object {
  const token = newToken(formOf(call, state.tokenForm), state.appId);
  const list = repositories === "all" ? from.repositories : repositories;
  // GitHub gives the time in whole seconds.
  const expiresAt = Math.floor((state.now() + LIFE_MS) / 1000) * 1000;
  state.tokens.add(token, {
    installationId: from.id,
    owner: from.account,
    permissions,
    repositories: list.map((one) => ({ ...one })),
    expiresAt,
  });
  const answer = { token, expires_at: new Date(expiresAt).toISOString().replace(".000Z", "Z"), permissions };
  if (repositories === "all" && from.selection === "all") return { ...answer, repository_selection: "all" };
  return {
    ...answer,
    repository_selection: "selected",
    repositories: list.map((one) => describeRepository(state, from, one)),
  };
}

/** A header of GitHub's changelog of 2026-05-15 lets a client choose while the new form is rolled out. */
function formOf(call: Call, usual: TokenForm): TokenForm {
  const wish = call.headers["x-github-stateless-s2s-token"];
  if (wish === "enabled") return "jwt";
  return wish === "disabled" ? "classic" : usual;
}
