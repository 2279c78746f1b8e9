/** Ticks a second in what `/proc` says of a process: USER_HZ, 100 on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** `starttime` is field 22 (proc_pid_stat(5)), and the state, field 3, is the first one after the name. */
const START_AFTER_NAME = 22 - 3;

/**
 * When a process began, in ticks after boot, from `/proc/<pid>/stat`; null when it cannot be told. The name stands in
 * parentheses and may hold spaces and parentheses itself: counting begins after the last one.
 */
export function parseStartTicks(text: string): number | null {
  const end = text.lastIndexOf(")");
  if (end === -1) return null;
  const field = text.slice(end + 2).split(" ")[START_AFTER_NAME] ?? "";
  const ticks = Number(field.trim());
  return /^\d+\s*$/.test(field) && Number.isSafeInteger(ticks) ? ticks : null;
}
