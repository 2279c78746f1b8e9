import { notFound, refusal } from "./call.ts";
import type { Answer, Call } from "./call.ts";
import { advertise, uploadPack } from "./git-face.ts";
import { verifyJwt } from "./jwt.ts";
import { mint } from "./mint.ts";
import { describeAccount, describeApp, describeInstallation, describeRepository } from "./shapes.ts";
import type { GitHubState } from "./state.ts";
import { TEXT } from "./texts.ts";
import { same } from "./world.ts";
import type { AccountType, Installation } from "./world.ts";

/** GitHub's own page sizes. */
const PAGE = { usual: 30, most: 100 };

type Handler = (state: GitHubState, call: Call, parts: readonly string[]) => Answer;
interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** `app`: the App's JWT; `token`: an installation's token; `none`: nobody, or a token; `git`: the route asks itself. */
  readonly needs: "app" | "token" | "none" | "git";
  readonly run: Handler;
}

const ROUTES: readonly Route[] = [
  { method: "GET", path: /^\/app$/, needs: "app", run: (state) => ({ status: 200, body: describeApp(state) }) },
  { method: "GET", path: /^\/app\/installations$/, needs: "app", run: installations },
  { method: "GET", path: /^\/app\/installations\/(\d+)$/, needs: "app", run: installationById },
  { method: "POST", path: /^\/app\/installations\/(\d+)\/access_tokens$/, needs: "app", run: mint },
  { method: "GET", path: /^\/orgs\/([^/]+)\/installation$/, needs: "app", run: ofAccount("Organization") },
  { method: "GET", path: /^\/users\/([^/]+)\/installation$/, needs: "app", run: ofAccount(undefined) },
  { method: "GET", path: /^\/repos\/([^/]+)\/([^/]+)\/installation$/, needs: "app", run: ofRepository },
  { method: "GET", path: /^\/repositories\/(\d+)\/installation$/, needs: "app", run: ofRepositoryId },
  { method: "DELETE", path: /^\/installation\/token$/, needs: "token", run: revoke },
  { method: "GET", path: /^\/installation\/repositories$/, needs: "token", run: repositories },
  { method: "GET", path: /^\/users\/([^/]+)$/, needs: "none", run: user },
  { method: "GET", path: /^\/([^/]+)\/([^/]+?)(?:\.git)?\/info\/refs$/, needs: "git", run: advertise },
  { method: "POST", path: /^\/([^/]+)\/([^/]+?)(?:\.git)?\/git-upload-pack$/, needs: "git", run: uploadPack },
];

/** Answers a call as api.github.com would, and github.com where git asks. */
export function answer(state: GitHubState, call: Call): Answer {
  for (const route of ROUTES) {
    const found = route.method === call.method ? route.path.exec(call.path) : null;
    if (found === null) continue;
    return entrance(state, call, route.needs) ?? route.run(state, call, found.slice(1).map(decoded));
  }
  return notFound();
}

/** A part that is no percent-encoding names nothing, and is found nowhere. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** The refusal at the door, or undefined for one who may enter. */
function entrance(state: GitHubState, call: Call, needs: Route["needs"]): Answer | undefined {
  const { kind, secret } = call.authorization;
  if (needs === "git") return undefined;
  if (needs === "app") {
    if (kind === "none") return refusal(401, TEXT.badJwt);
    const verdict = verifyJwt(secret, state, state.keys.publicKeys, state.now());
    return verdict.status === "ok" ? undefined : refusal(401, verdict.message);
  }
  if (kind === "none") return needs === "token" ? refusal(401, TEXT.requiresAuthentication) : undefined;
  const grant = state.tokens.live(secret, state.now());
  if (grant === undefined) return refusal(401, TEXT.badCredentials);
  return state.world.byId(grant.installationId)?.suspendedAt === undefined ? undefined : refusal(403, TEXT.suspended);
}

function installations(state: GitHubState, call: Call): Answer {
  const { items, headers } = paged(state, call, state.world.installations);
  return { status: 200, headers, body: items.map((one) => describeInstallation(state, one)) };
}

function installationById(state: GitHubState, _call: Call, [id]: readonly string[]): Answer {
  return told(state, state.world.byId(Number(id)));
}

/** `/users/:login/installation` knows organizations too; `/orgs/:login/installation` knows no user. */
function ofAccount(type: AccountType | undefined): Handler {
  return (state, _call, [login = ""]) => {
    const found = state.world.byAccount(login);
    return told(state, type === undefined || found?.type === type ? found : undefined);
  };
}

function ofRepository(state: GitHubState, _call: Call, [owner = "", name = ""]: readonly string[]): Answer {
  const found = state.world.byRepository(owner, name);
  const moved = found === undefined ? state.world.movedTo(owner, name) : undefined;
  if (moved === undefined) return told(state, found);
  const location = `${state.url}/repositories/${moved}/installation`;
  return { ...refusal(301, TEXT.moved, { location }), body: { message: TEXT.moved, url: location } };
}

function ofRepositoryId(state: GitHubState, _call: Call, [id]: readonly string[]): Answer {
  return told(state, state.world.byRepositoryId(Number(id)));
}

function told(state: GitHubState, found: Installation | undefined): Answer {
  return found === undefined ? notFound() : { status: 200, body: describeInstallation(state, found) };
}

function revoke(state: GitHubState, call: Call): Answer {
  state.tokens.revoke(call.authorization.secret);
  return { status: 204, result: "revoked" };
}

function repositories(state: GitHubState, call: Call): Answer {
  const grant = state.tokens.live(call.authorization.secret, state.now());
  const from = grant === undefined ? undefined : state.world.byId(grant.installationId);
  if (grant === undefined || from === undefined) return refusal(401, TEXT.badCredentials);
  const open = from.repositories.filter((one) => grant.repositories.some((other) => other.id === one.id));
  const { items, headers } = paged(state, call, open);
  const list = items.map((one) => describeRepository(state, from, one));
  return {
    status: 200,
    headers,
    body: { total_count: open.length, repository_selection: from.selection, repositories: list },
  };
}

function user(state: GitHubState, _call: Call, [login = ""]: readonly string[]): Answer {
  const bot = `${state.slug}[bot]`;
  if (same(login, bot)) return { status: 200, body: describeAccount(bot, state.botUserId, "Bot") };
  const found = state.world.byAccount(login);
  if (found === undefined) return notFound();
  return { status: 200, body: describeAccount(found.account, found.accountId, found.type) };
}

/** One page of a list, with the Link header that names the next. */
function paged<T>(
  state: GitHubState,
  call: Call,
  all: readonly T[],
): { items: readonly T[]; headers: Record<string, string> } {
  const size = Math.min(positive(call.query.get("per_page")) ?? PAGE.usual, PAGE.most);
  const page = positive(call.query.get("page")) ?? 1;
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string): string =>
    `<${state.url}${call.path}?per_page=${size}&page=${to}>; rel="${rel}"`;
  const links = [
    ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
  ];
  return {
    items: all.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(", ") },
  };
}

function positive(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}
