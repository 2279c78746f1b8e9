import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";

/** Behind all that answers; with nothing else to do on the machine it costs no time. */
const NICE = 10;

/** Has this thread wait for a processor longer than others: to Linux it is a process with a number of its own. */
export function stepBack(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), NICE);
  } catch {
    // No Linux, or no /proc: then it takes its turn like the others.
  }
}
