/** Whether Claude's API accepts a credential. */
import { z } from "../../core/zod.ts";
import { ask, type Probe } from "./ask.ts";

/** Variables that hold one, in the order in which Claude Code takes them. */
export const CLAUDE_CREDENTIALS = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"] as const;
export type ClaudeCredential = (typeof CLAUDE_CREDENTIALS)[number];

const refusal = z.object({ error: z.object({ message: z.string() }) });

/** Lists the models, which costs nothing. */
export async function probeClaude(options: {
  readonly baseUrl: string;
  readonly kind: ClaudeCredential;
  readonly secret: string;
  readonly signal: AbortSignal;
}): Promise<Probe<ClaudeCredential>> {
  const { baseUrl, kind, secret, signal } = options;
  const url = `${baseUrl.replace(/\/+$/, "")}/v1/models?limit=1`;
  const reply = await ask({
    url,
    headers: { ...authorization(kind, secret), "anthropic-version": "2023-06-01" },
    signal,
  });
  if (reply.status === "unreachable") return reply;
  if (reply.http === 200) return { status: "ok", value: kind };
  const message = refusal.safeParse(reply.json).data?.error.message ?? "";
  // What a subscription's token may not list is still good for what agents do with it.
  if (reply.http === 401 && !/not supported/i.test(message)) {
    return { status: "refused", reason: `Claude's API refuses it (401)`, remedy: remedies[kind] };
  }
  return { status: "unreachable", reason: `${new URL(url).host} answered ${reply.http}, which tells neither way` };
}

const remedies: Readonly<Record<ClaudeCredential, string>> = {
  ANTHROPIC_AUTH_TOKEN: "give the token of the endpoint that ANTHROPIC_BASE_URL names",
  ANTHROPIC_API_KEY: "make a new key at https://console.anthropic.com",
  CLAUDE_CODE_OAUTH_TOKEN: "make a new one by `claude setup-token`",
};

function authorization(kind: ClaudeCredential, secret: string): Record<string, string> {
  if (kind === "ANTHROPIC_API_KEY") return { "x-api-key": secret };
  const beta = kind === "CLAUDE_CODE_OAUTH_TOKEN" ? { "anthropic-beta": "oauth-2025-04-20" } : undefined;
  return { authorization: `Bearer ${secret}`, ...beta };
}
