import { statfs } from "node:fs/promises";

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

/** soft: under a tenth or 1 GiB, whichever is less. hard: under 64 MiB or one inode in a hundred. Pure. */
export function diskLevel(space: DiskSpace): DiskLevel {
  const inodesLow = space.totalInodes > 0 && space.freeInodes < space.totalInodes / 100;
  if (inodesLow || space.freeBytes < 64 * MIB) return "hard";
  return space.freeBytes < Math.min(space.totalBytes / 10, 1024 * MIB) ? "soft" : "ok";
}

/** Reads what is left where `path` lies, for this user. */
export async function readDiskSpace(path: string): Promise<DiskSpace> {
  const { bavail, bsize, blocks, ffree, files } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, totalInodes: files };
}
