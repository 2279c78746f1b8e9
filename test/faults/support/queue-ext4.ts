/** An ext4 in a file, whose power can be cut. */
import { spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { noSmallDisk } from "../../support/small-disk.ts";

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from now on nothing reaches the disk, not even the journal. */
const CUT =
  "use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);" +
  'open(F, "<", $ARGV[0]) or die $!; $f = pack("I", 2);' +
  "$now = clock_gettime(CLOCK_MONOTONIC); ioctl(F, 0x8004587d, $f) or die $!;" +
  'printf("%.6f", $now)';

/** Why there can be none here, for a test's `skip`. With CI=true there must be, and the test fails. */
export const noPowerCut: string | false = noSmallDisk === false ? withoutTools() : noSmallDisk;

function withoutTools(): string | false {
  if (process.env["CI"] === "true") return false;
  const tools = ["mkfs.ext4", "mount", "losetup", "perl"];
  const missing = tools.find((tool) => spawnSync(tool, ["-V"]).error !== undefined);
  if (missing !== undefined) return `${missing} is not here`;
  return spawnSync("losetup", ["-f"]).status === 0 ? false : "there is no loop device";
}

interface Ext4 {
  readonly path: string;
  mount(options: string): void;
  /**
   * Answers when it began, by the clock of `process.hrtime`, s. A sync that is under way then may succeed all the same
   * with nothing on the disk (ext4 looks for an aborted journal only where it still has to wait for it); of a machine
   * without power nobody would hear that.
   */
  cutPower(): number;
  unmount(): Promise<void>;
  remove(): Promise<void>;
}

/** Not mounted yet. */
export async function makeExt4(dir: string): Promise<Ext4> {
  const image = join(dir, "image");
  const path = join(dir, "disk");
  await mkdir(path);
  run("truncate", "-s", "64M", image);
  run("mkfs.ext4", "-q", image);
  return {
    path,
    mount: (options) => {
      run("mount", "-o", `loop,${options}`, image, path);
    },
    cutPower: () => Number(run("perl", "-e", CUT, path)),
    unmount: async () => {
      // The process that was killed may have to let go of it yet.
      await eventually("the unmount", () => (spawnSync("umount", [path]).status === 0 ? true : undefined));
    },
    remove: async () => {
      spawnSync("umount", ["--lazy", path]);
      await rm(image, { force: true });
    },
  };
}

function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr.toString()}`);
  return stdout.toString();
}
