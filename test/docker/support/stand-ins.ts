import { join } from "node:path";
import { ClaudeSandbox } from "../../../src/sandbox/claude/claude.ts";
import type { Script } from "../../../src/sandbox/claude/claude.ts";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { docker } from "./docker.ts";

/** What no real world would have, so that it can be searched for. */
const BOT_TOKEN = "700000002:the-stand-in-gives-this-token-to-one-bot";
export const OWNER = "acme";
export const REPOSITORY = "api";

/** The stand-ins for Telegram, Claude and GitHub, in this process, where containers reach them: on the bridge's address. */
export class StandIns {
  readonly telegram: TelegramSandbox;
  readonly claude: ClaudeSandbox;
  /** Over https: git's helper gives no token to anything else. */
  readonly github: GitHubSandbox;
  /** What its clients have to trust. */
  readonly caFile: string;

  private constructor(telegram: TelegramSandbox, claude: ClaudeSandbox, github: GitHubSandbox, caFile: string) {
    this.telegram = telegram;
    this.claude = claude;
    this.github = github;
    this.caFile = caFile;
  }

  /** Starts them. Their certificate goes into `dir`. */
  static async start(dir: string, script: Script): Promise<StandIns> {
    const host = await bridgeAddress();
    const { certificate, caFile } = await makeCertificate(dir, [`IP:${host}`]);
    const telegram = new TelegramSandbox({ host, token: BOT_TOKEN });
    const claude = new ClaudeSandbox({ host, script });
    const github = new GitHubSandbox({ host, certificate });
    const permissions = { contents: "write", pull_requests: "write", issues: "write" } as const;
    github.addInstallation({ account: OWNER, repositories: [{ name: REPOSITORY }], permissions });
    await Promise.all([telegram.start(), claude.start(), github.start()]);
    return new StandIns(telegram, claude, github, caFile);
  }

  /** `host:port` of GitHub's, as git has it in addresses. */
  get gitHost(): string {
    return new URL(this.github.url).host;
  }

  /** The lines of .env that point the stack here. */
  get environment(): Record<string, string> {
    const { telegram, claude, github } = this;
    return {
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_CHAT_ID: String(telegram.chatId),
      TELEGRAM_API_ROOT: telegram.url,
      ANTHROPIC_API_KEY: "a-key-of-nobody",
      ANTHROPIC_BASE_URL: claude.url,
      GITHUB_APP_ID: String(github.appId),
      // As GitHub Enterprise has it: that is how the broker learns which host git speaks of.
      GITHUB_API_URL: `${github.url}/api/v3`,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.telegram.stop(), this.claude.stop(), this.github.stop()]);
  }
}

/**
 * docker0's address on this machine. A server at 127.0.0.1 is out of reach for a container. An engine at its first start
 * tells the subnet alone, of which it takes the first address.
 */
async function bridgeAddress(): Promise<string> {
  const format = "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}";
  const told = await docker("network", "inspect", "bridge", "--format", format);
  return told.replace(/(\d+)\/\d+$/, (_, last: string) => String(Number(last) + 1));
}

/** Where the stand-ins' certificate is mounted in containers. */
export const CA_IN_CONTAINER = join("/stand-ins", "cert.pem");
