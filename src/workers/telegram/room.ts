import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import { stopped } from "./errors.ts";

const LOOK_MS = 1_000;

export interface RoomDeps {
  readonly disk: DiskView;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Told each second of a wait: who waits for room does not hang. */
  readonly onTried: () => void;
}

/**
 * Resolves when there is room on the disk to take updates in. Whatever Telegram holds meanwhile, and for up to 24 hours, is
 * not confirmed. Rejects with `telegram_stopped`.
 */
export async function untilRoom({ disk, clock, stopping, onTried }: RoomDeps): Promise<void> {
  while (disk.level === "hard" && !stopping.aborted) {
    await clock.sleep(LOOK_MS, stopping).catch(() => undefined);
    onTried();
  }
  if (stopping.aborted) throw stopped();
}
