/** How full a file system is, and from when on that counts. */
import { access, constants, statfs } from "node:fs/promises";

export type DiskLevel = "ok" | "soft" | "hard";

/** What is left of a file system. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system has no fixed number of them. */
  readonly totalInodes: number;
}

const MIB = 1024 * 1024;
const BY_SEVERITY: readonly DiskLevel[] = ["ok", "soft", "hard"];

/**
 * soft: under a tenth or 1 GiB, whichever is less. hard: under a twentieth or 64 MiB, whichever is less, or under one
 * inode in a hundred. The shares are for small file systems, which would be full from the first day. Pure.
 */
export function diskLevel(space: DiskSpace): DiskLevel {
  const { freeBytes, totalBytes, freeInodes, totalInodes } = space;
  const inodesLow = totalInodes > 0 && freeInodes < totalInodes / 100;
  if (inodesLow || freeBytes < Math.min(totalBytes / 20, 64 * MIB)) return "hard";
  return freeBytes < Math.min(totalBytes / 10, 1024 * MIB) ? "soft" : "ok";
}

/** The level after `before`: one that was entered is left at twice its floor, so that it does not come and go. Pure. */
export function nextLevel(before: DiskLevel, space: DiskSpace): DiskLevel {
  const now = severity(diskLevel(space));
  const halved = { ...space, freeBytes: space.freeBytes / 2, freeInodes: space.freeInodes / 2 };
  const held = Math.min(severity(before), severity(diskLevel(halved)));
  return BY_SEVERITY[Math.max(now, held)] ?? "hard";
}

function severity(level: DiskLevel): number {
  return BY_SEVERITY.indexOf(level);
}

/** Reads what is left where `path` lies, for this user. Rejects with the system's error, also where nothing can be written. */
export async function readDiskSpace(path: string): Promise<DiskSpace> {
  // A file system that was made read-only after a fault has room.
  await access(path, constants.W_OK);
  const { bavail, bsize, blocks, ffree, files } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, totalInodes: files };
}
