/** git's credential protocol, key=value lines: what git wants a password for, and the answer. Pure. */
import { isOwner, isRepositoryName } from "./parse.ts";

export type GitRequest =
  | { readonly status: "ok"; readonly owner: string; readonly repository: string }
  /** No request of git's, or one without what is needed. */
  | { readonly status: "invalid"; readonly message: string }
  /** A request for a place that gets no token. */
  | { readonly status: "elsewhere"; readonly message: string };

const MAX_LINES = 100;
const SINGLE = new Set(["protocol", "host", "path"]);

/**
 * Reads what `git credential` gives a helper, and finds the repository in it. `webHost` is the one host that gets
 * tokens, `name` or `name:port`. Keys that mean nothing here (`wwwauth[]`, `capability[]`, `state[]`) are skipped.
 */
export function parseGitCredential(text: string, webHost: string): GitRequest {
  // git's values hold no CR or NUL; whoever sends one wants two readers to see different things.
  if (/[\0\r]/.test(text)) return invalid("The request holds a control character.");
  // Not by a pattern: one for the newlines at the end takes time by the square of those in the middle.
  let end = text.length;
  while (end > 0 && text[end - 1] === "\n") end -= 1;
  const lines = text.slice(0, end).split("\n", MAX_LINES + 1);
  if (lines.length > MAX_LINES) return invalid(`The request has more than ${MAX_LINES} lines.`);
  const values = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf("=");
    if (at < 1) return invalid("A line of the request is not of the form key=value.");
    const key = line.slice(0, at);
    if (SINGLE.has(key) && values.has(key)) return invalid(`${key} stands there twice.`);
    values.set(key, line.slice(at + 1));
  }
  return judge(values, webHost);
}

function judge(values: ReadonlyMap<string, string>, webHost: string): GitRequest {
  const protocol = values.get("protocol");
  const host = values.get("host");
  if (protocol === undefined || host === undefined) return invalid("protocol and host are required.");
  if (protocol !== "https") return elsewhere("Tokens go over https alone.");
  if (withoutDefaultPort(host) !== withoutDefaultPort(webHost)) return elsewhere(`Tokens go to ${webHost} alone.`);
  const path = values.get("path");
  if (path === undefined || path === "") {
    return invalid("git did not say which repository: set credential.useHttpPath to true.");
  }
  return repositoryOf(path);
}

/** `owner/repo`, with or without `.git`, the wiki's or LFS's ending. */
function repositoryOf(path: string): GitRequest {
  const found = /^\/?([^/]+)\/([^/]+?)(?:\.wiki)?(?:\.git)?(?:\/info\/lfs(?:\/[\w./-]*)?)?\/?$/.exec(path);
  const [, owner = "", repository = ""] = found ?? [];
  if (!isOwner(owner) || !isRepositoryName(repository)) return invalid("The path is no repository, as owner/repo.git.");
  return { status: "ok", owner, repository };
}

function withoutDefaultPort(host: string): string {
  return host.toLowerCase().replace(/:443$/, "");
}

/** The answer to git; newer ones drop the password when it expires. `expiresAt` is ISO 8601. */
export function gitAnswer(token: string, expiresAt: string): string {
  const expiry = Math.floor(Date.parse(expiresAt) / 1000);
  return `username=x-access-token\npassword=${token}\npassword_expiry_utc=${expiry}\n`;
}

function invalid(message: string): GitRequest {
  return { status: "invalid", message };
}

function elsewhere(message: string): GitRequest {
  return { status: "elsewhere", message };
}
