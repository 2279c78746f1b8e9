/** A real file system of the test's own, small enough to be filled. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { errorCode } from "../../src/core/errors.ts";
import { needs } from "./needs.ts";

const run = promisify(execFile);
const MIB = 1024 * 1024;

export interface SmallDisk {
  readonly path: string;
  /** Leaves so many bytes free. */
  fill(leave: number): Promise<void>;
  /** Leaves so many inodes free. */
  fillInodes(leave: number): Promise<void>;
  /** Takes back what the two above have taken. */
  clear(): Promise<void>;
  readOnly(on: boolean): Promise<void>;
}

/** Why there can be none here, for a test's `skip`; false where there can. */
export const noSmallDisk: string | false = needs(mayMount(), "mounting a file system needs root's rights on Linux");

/** capabilities(7): CAP_SYS_ADMIN is bit 21. A container's root lacks it as a rule. */
function mayMount(): boolean {
  if (process.platform !== "linux") return false;
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n;
}

export interface DiskOptions {
  /** Where; made when missing. A folder of its own by default. */
  readonly at?: string;
  readonly mib?: number;
  readonly inodes?: number;
}

/** A file system in memory, there until `remove`. */
export async function mountSmallDisk(options: DiskOptions = {}): Promise<SmallDisk & { remove(): Promise<void> }> {
  const { mib = 64, inodes = 4_000 } = options;
  const path = options.at ?? (await mkdtemp(join(tmpdir(), "tinyclaw-disk-")));
  await mkdir(path, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${mib * 1024}k,nr_inodes=${inodes},mode=755`, "tinyclaw-test", path]);
  const filler = join(path, "filler");
  const names = join(path, "fillers");
  return {
    path,
    async fill(leave) {
      const { bavail, bsize } = await statfs(path);
      const chunk = randomBytes(MIB);
      for (let left = bavail * bsize - leave; left > 0; left -= MIB) {
        const wrote = writeFile(filler, chunk.subarray(0, Math.min(left, MIB)), { flag: "a" });
        // Others write too: what they took is as good.
        await wrote.catch(unlessFull);
      }
    },
    async fillInodes(leave) {
      await mkdir(names, { recursive: true });
      for (let left = (await statfs(path)).ffree - leave; left > 0; left -= 1) {
        await writeFile(join(names, randomBytes(8).toString("hex")), "").catch(unlessFull);
      }
    },
    async clear() {
      await rm(filler, { force: true });
      await rm(names, { recursive: true, force: true });
    },
    async readOnly(on) {
      await run("mount", ["-o", `remount,${on ? "ro" : "rw"}`, path]);
    },
    async remove() {
      // By name, and at once for who looks: a process that was killed may not have let go of it yet.
      await run("umount", ["--lazy", path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

function unlessFull(error: unknown): void {
  if (errorCode(error) !== "ENOSPC") throw error;
}

/** The same, until the test ends. */
export async function smallDisk(t: TestContext, options: DiskOptions = {}): Promise<SmallDisk> {
  const disk = await mountSmallDisk(options);
  t.after(() => disk.remove());
  return disk;
}
