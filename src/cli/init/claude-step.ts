import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readQueueConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { CLAUDE_CREDENTIALS, probeClaude, type ClaudeCredential } from "../setup/claude.ts";
import { probeFinding, skipped } from "../setup/finding.ts";
import { settle, type Field, type Setup } from "./settle.ts";

const COMMENTS: Readonly<Record<ClaudeCredential, string>> = {
  ANTHROPIC_AUTH_TOKEN: "Claude: the token of another endpoint",
  ANTHROPIC_API_KEY: "Claude: a key of its API",
  CLAUDE_CODE_OAUTH_TOKEN: "Claude: the token of a subscription, by `claude setup-token`",
};
/** What the tokens of subscriptions begin with. */
const SUBSCRIPTION = "sk-ant-oat";

/** One credential, accepted by Claude's API. */
export async function settleClaude(setup: Setup): Promise<void> {
  const baseUrl = setup.draft.get("ANTHROPIC_BASE_URL") ?? "https://api.anthropic.com";
  readQueueConfig({ ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_API_KEY: "x", IS_SANDBOX: "1" });
  for (let anew = false; ; anew = true) {
    const credential = await settleCredential(setup, anew);
    if (credential === undefined) return;
    const probe = await probeClaude({ baseUrl, ...credential, signal: setup.signal });
    const told = probeFinding("Claude", probe, (kind) => `${kind} is accepted`);
    setup.tell(told);
    if (probe.status !== "refused") return;
    if (setup.prompter === undefined) {
      throw new ConfigError(`${credential.kind} is refused by Claude's API: ${probe.remedy}.`, {
        variable: credential.kind,
      });
    }
    setup.withdraw([told]);
  }
}

async function settleCredential(
  setup: Setup,
  anew: boolean,
): Promise<{ kind: ClaudeCredential; secret: string } | undefined> {
  const { draft, prompter } = setup;
  const present = CLAUDE_CREDENTIALS.find((name) => draft.secret(name) !== undefined);
  if (present !== undefined && !anew && (prompter === undefined || !setup.all)) {
    const secret = await settle(setup, field(present));
    return secret === undefined ? undefined : { kind: present, secret };
  }
  if (present === undefined && isLoggedIn(setup)) {
    setup.tell(skipped("Claude", "no credential is set; the login of this user in ~/.claude is used"));
    return undefined;
  }
  if (prompter === undefined) {
    const message =
      "ANTHROPIC_API_KEY is missing, and so is CLAUDE_CODE_OAUTH_TOKEN: set one of them, or run this at a terminal.";
    throw new ConfigError(message, { variable: "ANTHROPIC_API_KEY" });
  }
  return ask(setup, anew ? undefined : present);
}

async function ask(
  { draft, prompter }: Setup,
  kept: ClaudeCredential | undefined,
): Promise<{ kind: ClaudeCredential; secret: string } | undefined> {
  const keeping = kept === undefined ? "" : `; Enter keeps the present ${kept}`;
  const secret = await prompter?.secret({
    message: `Claude's credential: an API key, or the token of \`claude setup-token\` (it will not show${keeping})`,
    check: (answer) => (answer === "" && kept !== undefined ? undefined : fault(answer)),
  });
  const present = kept === undefined ? undefined : draft.secret(kept);
  if (secret === undefined || secret === "") {
    return kept === undefined || present === undefined ? undefined : { kind: kept, secret: present };
  }
  const kind = secret.startsWith(SUBSCRIPTION) ? "CLAUDE_CODE_OAUTH_TOKEN" : "ANTHROPIC_API_KEY";
  // Two at once, and Claude Code would take the one that is not meant.
  for (const other of CLAUDE_CREDENTIALS) draft.remove(other);
  draft.set(kind, secret, COMMENTS[kind]);
  return { kind, secret };
}

function field(name: ClaudeCredential): Field {
  return {
    name,
    message: "Claude's credential",
    comment: COMMENTS[name],
    required: true,
    isSecret: true,
    check: fault,
  };
}

function fault(value: string): string | undefined {
  return /^[!-~]{8,}$/.test(value)
    ? undefined
    : "Claude's credential is one word of letters, digits and dashes: copy it whole.";
}

/** A login of this machine's user reaches no container. */
function isLoggedIn({ hasDocker, draft }: Setup): boolean {
  const directory = draft.get("CLAUDE_CONFIG_DIR") ?? join(homedir(), ".claude");
  return !hasDocker && existsSync(join(directory, ".credentials.json"));
}
