/** The systemd units: ours, and those of the older TinyClaw. */
import type { Environment } from "../../core/secrets.ts";
import { bad, ok, skipped, type Finding } from "../setup/finding.ts";
import { oldUnits } from "../setup/old-units.ts";
import type { Run } from "../setup/run.ts";

export async function lookAtUnits(environment: Environment, run: Run): Promise<Finding[]> {
  const [old, state] = await Promise.all([oldUnits(environment, run), unitState(environment, run)]);
  const own = unitFinding(state);
  if (old.names.length === 0) return [own];
  const remedy = "./tinyclaw.sh install takes them out";
  return [own, bad("Older units", `${old.names.join(", ")} would start a second bot`, remedy)];
}

/** `<is-enabled> <is-active>`; tinyclaw.sh says so where no systemctl can be asked. */
async function unitState(environment: Environment, run: Run): Promise<string> {
  const told = environment["TINYCLAW_UNIT"];
  if (told !== undefined) return told;
  const [enabled, active] = await Promise.all(
    ["is-enabled", "is-active"].map((word) => run("systemctl", [word, "tinyclaw.service"])),
  );
  if (enabled?.status === "missing") return "none none";
  return `${enabled?.stdout.trim() || "none"} ${active?.stdout.trim() || "none"}`;
}

/** Pure. */
export function unitFinding(state: string): Finding {
  const [enabled = "none", active = "none"] = state.trim().split(/\s+/);
  const what = "systemd unit";
  if (active === "failed") return bad(what, "has failed", "journalctl -u tinyclaw, then ./tinyclaw.sh start");
  if (enabled === "enabled") return ok(what, `is enabled, ${active}`);
  if (active === "active")
    return bad(what, "is active but not enabled: it will be gone after the next boot", "./tinyclaw.sh install");
  return skipped(what, "is not installed: Docker alone brings the stack back after a boot", "./tinyclaw.sh install");
}
