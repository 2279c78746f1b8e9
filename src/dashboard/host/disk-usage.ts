import { statfsSync } from "node:fs";
import { percentOf } from "./percent.ts";

/** Bytes; null where it cannot be read. */
export interface DiskUsage {
  readonly total: number | null;
  readonly used: number | null;
  /** What is left to a user other than root. */
  readonly available: number | null;
  readonly percent: number | null;
}

/** The numbers of statfs(2): blocks of `bsize` bytes. */
export interface BlockCounts {
  readonly bsize: bigint;
  readonly blocks: bigint;
  /** Free, root's reserve among them. */
  readonly bfree: bigint;
  /** Free to everybody. */
  readonly bavail: bigint;
}

const UNKNOWN: DiskUsage = { total: null, used: null, available: null, percent: null };

/** As df counts: root's reserve is neither used nor available, and the percentage is of what both make together. */
export function diskUsage({ bsize, blocks, bfree, bavail }: BlockCounts): DiskUsage {
  const used = Number(blocks > bfree ? (blocks - bfree) * bsize : 0n);
  const available = Number(bavail > 0n ? bavail * bsize : 0n);
  return { total: Number(blocks * bsize), used, available, percent: percentOf(used, used + available) };
}

/** The file system that `path` lies on; a bind mount shows the one under it. */
export function readDiskUsage(path: string): DiskUsage {
  try {
    return diskUsage(statfsSync(path, { bigint: true }));
  } catch {
    return UNKNOWN;
  }
}
