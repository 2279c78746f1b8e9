/** Whether the token that GitHub made is the one that was asked for, and no more. Pure. */
import { z } from "../core/zod.ts";
import { isLevel, reaches, type Permissions } from "./permissions.ts";
import type { Scope } from "./policy.ts";

export interface GrantedRepository {
  /** By GitHub's spelling. */
  readonly name: string;
  readonly id?: number | undefined;
}

export interface Granted {
  readonly token: string;
  /** As GitHub wrote it. */
  readonly expiresAt: string;
  readonly lifeMs: number;
  /** As granted; undefined where the reply does not list them (all). */
  readonly repositories: readonly GrantedRepository[] | undefined;
  readonly permissions: Readonly<Record<string, string>>;
  readonly selection: string;
}

export type MintCheck =
  | { readonly status: "ok"; readonly granted: Granted }
  /** `token`, if there is one, has to be revoked. `moved`: the installation is another account's by now. */
  | { readonly status: "invalid" | "wider" | "moved"; readonly reason: string; readonly token: string | undefined };

const MIN_LIFE_MS = 60_000;
const MAX_LIFE_MS = 70 * 60_000;
/** Opaque: GitHub has changed the form once, and Enterprise Server has its own. */
const TOKEN = /^[!-~]{20,4096}$/;
const replySchema = z.object({
  token: z.string().regex(TOKEN),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()),
  repository_selection: z.enum(["all", "selected"]),
  repositories: z
    .array(z.object({ id: z.int().optional(), name: z.string(), full_name: z.string().optional() }))
    .optional(),
});
type Reply = z.infer<typeof replySchema>;

/** Holds a reply against what was asked. `at` is GitHub's time of the reply, epoch ms. */
export function checkMint(body: unknown, scope: Scope, owner: string, at: number): MintCheck {
  const parsed = replySchema.safeParse(body);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join(".") || "the whole";
    return { status: "invalid", reason: `${place} is missing or of another form`, token: tokenIn(body) };
  }
  const reply = parsed.data;
  const lifeMs = Date.parse(reply.expires_at) - at;
  const wider = widerPermission(reply.permissions, scope.permissions) ?? widerRepository(reply, scope);
  if (wider !== undefined) return { status: "wider", reason: wider, token: reply.token };
  if (isElsewhere(reply, owner))
    return { status: "moved", reason: "repositories of another account", token: reply.token };
  const odd =
    lifeMs < MIN_LIFE_MS || lifeMs > MAX_LIFE_MS ? "it lives for too short or too long" : missing(reply, scope);
  if (odd !== undefined) return { status: "invalid", reason: odd, token: reply.token };
  return {
    status: "ok",
    granted: {
      token: reply.token,
      expiresAt: reply.expires_at,
      lifeMs,
      repositories: reply.repositories?.map(({ name, id }) => ({ name, id })),
      permissions: reply.permissions,
      selection: reply.repository_selection,
    },
  };
}

function widerPermission(granted: Readonly<Record<string, string>>, asked: Permissions): string | undefined {
  for (const [name, level] of Object.entries(granted)) {
    const added = name === "metadata" && level === "read";
    if (!added && !(isLevel(level) && reaches(asked.get(name), level))) return `${name} at a level not asked for`;
  }
  return undefined;
}

function widerRepository(reply: Reply, { repositories, pins }: Scope): string | undefined {
  if (!keepsPins(reply.repositories, pins)) return "another repository under a pinned name";
  if (repositories === "all") return undefined;
  if (reply.repository_selection !== "selected") return "all repositories";
  const asked = new Set(repositories.map((name) => name.toLowerCase()));
  const more = reply.repositories?.some(({ name }) => !asked.has(name.toLowerCase()));
  return more === true ? "a repository not asked for" : undefined;
}

/** Whether each repository whose name is pinned is the one with that id. */
export function keepsPins(granted: readonly GrantedRepository[] | undefined, pins: Scope["pins"]): boolean {
  return (granted ?? []).every(({ name, id }) => {
    const pin = pins.get(name.toLowerCase());
    return pin === undefined || pin === id;
  });
}

function isElsewhere(reply: Reply, owner: string): boolean {
  const full = reply.repositories?.filter((one) => one.full_name !== undefined) ?? [];
  return full.some((one) => one.full_name?.toLowerCase() !== `${owner}/${one.name}`.toLowerCase());
}

function missing(reply: Reply, { repositories }: Scope): string | undefined {
  if (repositories === "all") return undefined;
  const given = new Set(reply.repositories?.map(({ name }) => name.toLowerCase()));
  return repositories.every((name) => given.has(name.toLowerCase())) ? undefined : "a repository is missing";
}

function tokenIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("token" in body)) return undefined;
  return typeof body.token === "string" && TOKEN.test(body.token) ? body.token : undefined;
}
