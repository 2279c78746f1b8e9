import { readCommonConfig } from "../../core/config.ts";
import { describeError } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { ok, skipped } from "../setup/finding.ts";
import { containerPlaces } from "../setup/older.ts";
import { oldUnits } from "../setup/old-units.ts";
import { findOlder, takeOver, type OlderData } from "../setup/takeover.ts";
import type { Environment } from "../../core/secrets.ts";
import type { Setup } from "./settle.ts";

export interface Older {
  readonly dir: string;
  readonly data: OlderData;
}

/** What an older TinyClaw left: its token, group and time zone are offered as if they stood in `.env`. */
export async function lookForOlder(setup: Setup, environment: Environment): Promise<Older | undefined> {
  const { dir } = readCommonConfig({ TINYCLAW_DIR: environment["TINYCLAW_DIR"] });
  const data = await findOlder(dir);
  const units = await oldUnits(environment, setup.run);
  if (units.isActive && data !== undefined) {
    throw new CliError(
      "init_failed",
      `The older TinyClaw still runs, and writes into ${dir}: ${STOP}, then run this again.`,
    );
  }
  if (units.names.length > 0) {
    setup.tell(
      skipped(
        "Older units",
        `${units.names.join(", ")} would start a second bot`,
        "./tinyclaw.sh install takes them out",
      ),
    );
  }
  if (data === undefined) return undefined;
  setup.say(`An older TinyClaw's data is in ${dir}: it will be taken over.`);
  offer(setup, data);
  return { dir, data };
}

const STOP = "stop it by `sudo systemctl disable --now tinyclaw-telegram tinyclaw-queue`";

function offer({ draft }: Setup, { settings }: OlderData): void {
  const offers = [
    ["TELEGRAM_BOT_TOKEN", settings?.token, "Telegram: the bot's token, from @BotFather"],
    ["TELEGRAM_CHAT_ID", settings?.chatId, "The group with topics that the bot works in"],
    ["TZ", settings?.timeZone, "Your time zone"],
  ] as const;
  for (const [name, value, comment] of offers) {
    const isSet = draft.get(name) !== undefined || draft.get(`${name}_FILE`) !== undefined;
    if (value !== undefined && !isSet) draft.set(name, value, comment);
  }
}

/** Rewrites it, once what it gave is safe in `.env`. */
export async function takeOverOlder(setup: Setup, { dir }: Older): Promise<void> {
  const { hasDocker, draft, tell } = setup;
  const place = hasDocker
    ? containerPlaces(draft.get("WORKSPACE_ROOT"))
    : (thread: { cwd: string | undefined; name: string }) => thread.cwd ?? ".";
  try {
    const { threads, messages, leftOut } = await takeOver(dir, { place, mark: hasDocker });
    tell(ok("Older data", `${threads} threads and ${messages} messages taken over; the token is in .env now`));
    if (leftOut.length > 0) tell(skipped("Older data", `no threads, and left out: ${leftOut.join(", ")}`));
    if (hasDocker)
      tell(skipped("Older data", "threads work below /workspace now: copy their files there", "docs/setup.md"));
  } catch (error) {
    throw new CliError(
      "init_failed",
      `The older data in ${dir} could not be taken over: ${describeError(error)}; .env is written, run this again as who owns the directory.`,
      { cause: error },
    );
  }
}
