/** Requests for a token as they come, query or JSON: well-formed and complete, or refused. Pure. */
import { z } from "../core/zod.ts";
import { PERMISSION_NAMES, isLevel, type Level, type Permissions } from "./permissions.ts";
import type { Ask } from "./policy.ts";
import { MAX_MIN_TTL_SECONDS } from "./policy-file.ts";

export interface TokenAsk extends Ask {
  /** What has to be left of the token's life. Undefined: the policy's. */
  readonly minTtlSeconds?: number;
}

export type Parsed<T> =
  | { readonly status: "ok"; readonly value: T }
  | { readonly status: "invalid"; readonly message: string };

const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;
const ID = /^[1-9]\d{0,15}$/;
const MAX_QUERY = 8192;
const KEYS = new Set(["owner", "installation_id", "repositories", "repository_ids", "permissions", "min_ttl_seconds"]);

const id = z.int().positive();
const body = z.strictObject({
  owner: z.string().optional(),
  installation_id: id.optional(),
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(id).optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  min_ttl_seconds: z.int().optional(),
});
type Fields = {
  [Key in keyof z.infer<typeof body>]: z.infer<typeof body>[Key] | undefined;
} & { permissionPairs?: readonly (readonly [string, string])[] | undefined };

/** The query of `GET /token`, without its `?`. `extra`: permissions that the policy adds to GitHub's. */
export function parseTokenQuery(query: string, extra: ReadonlySet<string>): Parsed<TokenAsk> {
  if (query.length > MAX_QUERY) return invalid("The query is longer than 8192 characters: use POST /v1/token.");
  const given = [...new URLSearchParams(query)];
  const values = new Map(given);
  if (values.size !== given.length) return invalid("A parameter stands there twice: give each once.");
  const unknown = given.find(([key]) => !KEYS.has(key));
  if (unknown !== undefined) return invalid(`Unknown parameter: known are ${[...KEYS].join(", ")}.`);
  const ids = list(values.get("repository_ids"));
  const numbers = [values.get("installation_id"), values.get("min_ttl_seconds"), ...(ids ?? [])];
  if (numbers.some((text) => text !== undefined && !ID.test(text)))
    return invalid("An id or number is no whole number above 0.");
  return check(
    {
      owner: values.get("owner"),
      installation_id: numberOf(values.get("installation_id")),
      repositories: list(values.get("repositories")),
      repository_ids: ids?.map(Number),
      permissionPairs: list(values.get("permissions"))?.map(pairOf),
      min_ttl_seconds: numberOf(values.get("min_ttl_seconds")),
    },
    extra,
  );
}

/** The body of `POST /v1/token`. */
export function parseTokenBody(text: string, extra: ReadonlySet<string>): Parsed<TokenAsk> {
  const json = parseJson(text);
  if (json.status === "invalid") return json;
  const parsed = body.safeParse(json.value);
  if (!parsed.success) return invalid(explain(parsed.error));
  const { permissions, ...fields } = parsed.data;
  return check(
    { ...fields, permissionPairs: permissions === undefined ? undefined : Object.entries(permissions) },
    extra,
  );
}

/** `{"token": …}` of `DELETE /v1/token`: a token is 20 to 4096 printable characters, and opaque. */
export function parseRevocation(text: string): Parsed<string> {
  return pick(text, z.strictObject({ token: z.string().regex(/^[!-~]{20,4096}$/) }), (value) => value.token);
}

/** `{"token_sha256": …}` of `POST /v1/evict`, hex or base64; as base64. */
export function parseEviction(text: string): Parsed<string> {
  const hash = z.string().regex(/^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=?)$/);
  return pick(text, z.strictObject({ token_sha256: hash }), ({ token_sha256: sha }) =>
    Buffer.from(sha, sha.length === 64 ? "hex" : "base64").toString("base64"),
  );
}

function check(fields: Fields, extra: ReadonlySet<string>): Parsed<TokenAsk> {
  const fault = faultOf(fields) ?? pairFault(fields.permissionPairs, extra);
  if (fault !== undefined) return invalid(fault);
  const { owner, installation_id: installationId, repositories, repository_ids: repositoryIds } = fields;
  const permissions = permissionsOf(fields.permissionPairs);
  return {
    status: "ok",
    value: {
      ...(owner === undefined ? {} : { owner }),
      ...(installationId === undefined ? {} : { installationId }),
      ...(repositories === undefined ? {} : { repositories }),
      ...(repositoryIds === undefined ? {} : { repositoryIds }),
      ...(permissions === undefined ? {} : { permissions }),
      ...(fields.min_ttl_seconds === undefined ? {} : { minTtlSeconds: fields.min_ttl_seconds }),
    },
  };
}

function faultOf(fields: Fields): string | undefined {
  const { owner, installation_id: id, min_ttl_seconds: ttl } = fields;
  if (owner === undefined && id === undefined) return "owner or installation_id is required.";
  if (!isOwner(owner ?? "x")) return "owner is no login of GitHub.";
  const fits = ttl === undefined || (ttl >= 60 && ttl <= MAX_MIN_TTL_SECONDS);
  if (!fits) return `min_ttl_seconds must be between 60 and ${MAX_MIN_TTL_SECONDS}.`;
  return repositoriesFault(fields);
}

function repositoriesFault({ repositories, repository_ids: ids }: Fields): string | undefined {
  if (repositories?.length === 0 || ids?.length === 0) return "An empty list of repositories: name those you need.";
  if (repositories?.every(isRepositoryName) !== false) return undefined;
  return "repositories takes names without the owner, of letters, digits, dot, dash and underscore.";
}

function pairFault(pairs: Fields["permissionPairs"], extra: ReadonlySet<string>): string | undefined {
  if (pairs === undefined) return undefined;
  if (pairs.length === 0) return "Empty permissions: leave them out for the policy's defaults.";
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) return "A permission stands there twice.";
  if (!pairs.every(([name]) => PERMISSION_NAMES.has(name) || extra.has(name)))
    return "A permission is none that GitHub knows.";
  if (!pairs.every(([, level]) => isLevel(level))) return "The level of a permission is read or write.";
  return undefined;
}

function permissionsOf(pairs: Fields["permissionPairs"]): Permissions | undefined {
  return pairs === undefined ? undefined : new Map(pairs.map(([name, level]) => [name, level as Level]));
}

/** Whether it can be the name of a repository: `.` and `..` would leave the path, and GitHub keeps `.git` to itself. */
export function isRepositoryName(name: string): boolean {
  return NAME.test(name) && name !== "." && name !== ".." && !/\.git$/i.test(name);
}

/** Whether it can be the login of an account. */
export function isOwner(name: string): boolean {
  return OWNER.test(name);
}

function pick<T, Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  take: (value: z.infer<Schema>) => T,
): Parsed<T> {
  const json = parseJson(text);
  if (json.status === "invalid") return json;
  const parsed = schema.safeParse(json.value);
  return parsed.success ? { status: "ok", value: take(parsed.data) } : invalid(explain(parsed.error));
}

/** zod drops a `__proto__` without a word, hence the reviver. */
function parseJson(text: string): Parsed<unknown> {
  try {
    const value: unknown = JSON.parse(text, (key, inner: unknown) => {
      if (key === "__proto__") throw new SyntaxError("no such key");
      return inner;
    });
    return { status: "ok", value };
  } catch {
    return invalid("The body is no JSON.");
  }
}

/** Where it is wrong, but never the value, which may be a secret put in the wrong place. */
function explain(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.filter((part) => KEYS.has(String(part)) || String(part).startsWith("token")).join(".");
  if (issue?.code === "unrecognized_keys") return "The body has a member that is not known.";
  return place ? `${place} is missing or of the wrong form.` : "The body is not of the form asked for.";
}

function list(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  return text === "" ? [] : text.split(",");
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(message: string): { status: "invalid"; message: string } {
  return { status: "invalid", message };
}
