import { chown, mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { readCommonConfig } from "../../core/config.ts";
import { describeError } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { bad, ok, type Finding } from "../setup/finding.ts";
import { AGENT_UID } from "../setup/identities.ts";
import { byReader, settle, type Setup } from "./settle.ts";

/** Time zone and workspace. */
export async function settlePlace(setup: Setup): Promise<void> {
  await settle(setup, {
    name: "TZ",
    message: "Your time zone, like Europe/Vienna",
    comment: "Your time zone",
    required: true,
    check: zoneFault,
    suggestion: ownZone(),
  });
  const folder = await settle(setup, {
    name: "WORKSPACE_ROOT",
    message: `Folder of this machine that agents work in; empty for ${setup.hasDocker ? "a volume of Docker's" : "./workspace"}`,
    comment: "Where agents work: a folder of this machine",
    required: false,
    check: (value) =>
      /[:$'\r\n]/.test(value) ? "The folder's path may hold no colon, dollar, quote or line break." : undefined,
  });
  // A bare word would be the name of a volume to Compose.
  if (folder !== undefined)
    setup.draft.set("WORKSPACE_ROOT", resolve(setup.directory, folder), "Where agents work: a folder of this machine");
}

const zoneFault = byReader((value) => readCommonConfig({ TZ: value }));

/** This machine's; an empty TZ, as Compose hands it on, makes Node tell of one that does not exist. */
function ownZone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone && zoneFault(zone) === undefined ? zone : "UTC";
}

/** The folder must be the agents' own where they run under a user of theirs. */
export async function makeWorkspace({ draft, hasDocker, tell }: Setup): Promise<void> {
  const folder = draft.get("WORKSPACE_ROOT");
  if (folder === undefined) return;
  const owner = Number(draft.get("AGENT_UID") ?? AGENT_UID);
  try {
    const made = await mkdir(folder, { recursive: true });
    if (!hasDocker) return;
    if (made !== undefined && process.getuid?.() === 0)
      await chown(folder, owner, Number(draft.get("AGENT_GID") ?? owner));
    tell(ownerFinding(folder, (await stat(folder)).uid, owner));
  } catch (error) {
    const told = `WORKSPACE_ROOT ${folder} cannot be made: ${describeError(error)}; name another folder.`;
    throw new CliError("init_failed", told, { cause: error });
  }
}

function ownerFinding(folder: string, uid: number, owner: number): Finding {
  const what = "Workspace";
  if (uid === owner) return ok(what, `${folder} is the agents' (uid ${owner})`);
  return bad(what, `${folder} is not the agents' (uid ${owner})`, `sudo chown -R ${owner} ${folder}`);
}
