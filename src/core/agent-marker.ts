/**
 * How a process that an agent has started is known, whoever its parent is by now: the commands of the Bash tool run in
 * sessions of their own, and outlive a killed agent. The mark is in their environment, which they inherit.
 */

/** Among the names that an agent's environment may hold anyway. */
export const MARKER = "CLAUDE_CODE_TINYCLAW_AGENT";

/** `<data directory>:<run of the bot>:<agent>`, each a short id: a beginning of it names all that share it. */
export function markOf(...parts: readonly string[]): string {
  return parts.join(":");
}

/** Whether an environment, as `/proc/<pid>/environ` shows it, bears the mark, or one that begins with it. */
export function bears(environ: string, mark: string): boolean {
  return environ.split("\0").some((entry) => entry === `${MARKER}=${mark}` || entry.startsWith(`${MARKER}=${mark}:`));
}
