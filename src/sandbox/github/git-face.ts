import { refusal } from "./call.ts";
import type { Answer, Call } from "./call.ts";
import { packedRepository } from "./git-pack.ts";
import type { GitHubState } from "./state.ts";
import { TEXT } from "./texts.ts";
import { same } from "./world.ts";

const SERVICES: ReadonlyMap<string | null, "read" | "write"> = new Map([
  ["git-upload-pack", "read"],
  ["git-receive-pack", "write"],
]);
/** With it git asks its credential helpers; without, it gives up. */
const CHALLENGE = { "www-authenticate": 'Basic realm="GitHub"' };

/**
 * `GET /:owner/:repo.git/info/refs?service=…`: the one branch of a repository, to a live token as Basic's password.
 * Every repository is private. Smart HTTP as in git's gitprotocol-http.
 */
export function advertise(state: GitHubState, call: Call, [owner = "", name = ""]: readonly string[]): Answer {
  const service = call.query.get("service");
  const level = SERVICES.get(service);
  if (service === null || level === undefined) return text(403, "Please upgrade your git client.");
  if (call.authorization.kind === "none") return text(401, "Authentication required", CHALLENGE);
  const refused = refusedFor(state, call.authorization.secret, level, owner, name);
  if (refused !== undefined) return refused;
  return {
    status: 200,
    result: "ok",
    headers: { "content-type": `application/x-${service}-advertisement`, "cache-control": "no-cache" },
    body: advertisement(service, packedRepository(owner, name).head),
  };
}

/**
 * `POST /:owner/:repo.git/git-upload-pack`: the whole repository to whoever is done with naming what it has. What is had
 * already is sent again, which git allows.
 */
export function uploadPack(state: GitHubState, call: Call, [owner = "", name = ""]: readonly string[]): Answer {
  if (call.authorization.kind === "none") return text(401, "Authentication required", CHALLENGE);
  const refused = refusedFor(state, call.authorization.secret, "read", owner, name);
  if (refused !== undefined) return refused;
  const isDone = typeof call.body === "string" && call.body.endsWith("0009done\n");
  const parts = isDone ? sideBand(packedRepository(owner, name).pack) : [];
  return {
    status: 200,
    result: "ok",
    headers: { "content-type": "application/x-git-upload-pack-result", "cache-control": "no-cache" },
    body: Buffer.concat([Buffer.from(pkt("NAK\n")), ...parts]),
  };
}

function refusedFor(
  state: GitHubState,
  token: string,
  level: "read" | "write",
  owner: string,
  name: string,
): Answer | undefined {
  const grant = state.tokens.live(token, state.now());
  if (grant === undefined) return text(401, "Bad credentials", CHALLENGE);
  if (state.world.byId(grant.installationId)?.suspendedAt !== undefined) return refusal(403, TEXT.suspended);
  const open = same(grant.owner, owner) && grant.repositories.some((one) => same(one.name, name));
  const granted = grant.permissions["contents"];
  if (!open || granted === undefined) return text(404, "Repository not found.");
  return level === "write" && granted === "read" ? text(403, "Write access to repository not granted.") : undefined;
}

function advertisement(service: string, head: string): string {
  const capabilities = "side-band-64k ofs-delta agent=git/github-sandbox symref=HEAD:refs/heads/main";
  const flush = "0000";
  const first = pkt(`${head} HEAD\0${capabilities}\n`);
  return pkt(`# service=${service}\n`) + flush + first + pkt(`${head} refs/heads/main\n`) + flush;
}

/** Band 1 of side-band-64k, which carries the pack, in one piece: those here are a few hundred bytes. */
function sideBand(pack: Buffer): Buffer[] {
  const length = (pack.length + 5).toString(16).padStart(4, "0");
  return [Buffer.from(`${length}\x01`), pack, Buffer.from("0000")];
}

/** pkt-line: four hex digits that count themselves too. */
function pkt(line: string): string {
  return (line.length + 4).toString(16).padStart(4, "0") + line;
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, result: body, headers: { "content-type": "text/plain", ...headers } };
}
