import type { Environment } from "../../core/secrets.ts";
import type { Run } from "./run.ts";

const NAMES = ["tinyclaw-telegram", "tinyclaw-queue"];

export interface OldUnits {
  readonly names: readonly string[];
  readonly isActive: boolean;
}

/** Units of the older TinyClaw on this machine; tinyclaw.sh says so where no systemctl can be asked. */
export async function oldUnits(environment: Environment, run: Run): Promise<OldUnits> {
  const told = environment["TINYCLAW_OLD_UNITS"];
  const [files, active] = await Promise.all([
    run("systemctl", ["list-unit-files", "--no-legend", "--plain", ...NAMES.map((name) => `${name}.service`)]),
    run("systemctl", ["is-active", ...NAMES]),
  ]);
  return {
    names: told === undefined ? parseUnitFiles(files.stdout) : told.split(/\s+/).filter((name) => name !== ""),
    isActive: environment["TINYCLAW_OLD_ACTIVE"] === "1" || /^active$/m.test(active.stdout),
  };
}

/** `tinyclaw-queue.service enabled enabled` a line. Pure. */
export function parseUnitFiles(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const name = /^(\S+)\.service\s/.exec(line)?.[1];
    return name !== undefined && NAMES.includes(name) ? [name] : [];
  });
}
