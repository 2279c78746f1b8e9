/** `secrets/`: who may read what lies in it, and giving it to the broker's user. */
import { chmod, chown, lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readAppKey } from "../../broker/key-file.ts";
import { errorCode } from "../../core/errors.ts";
import { bad, ok, skipped, type Finding } from "./finding.ts";
import { BROKER_UID } from "./identities.ts";
import type { Run } from "./run.ts";

export const KEY_NAME = "github-app.pem";

/** A file or folder as lstat tells it. */
export interface Entry {
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly size: number;
}

/** The folder itself, named `.`, and what is in it; undefined: there is none. */
export async function listSecrets(folder: string): Promise<readonly Entry[] | undefined> {
  try {
    const names = await readdir(folder);
    return await Promise.all([entryOf(folder, "."), ...names.sort().map((name) => entryOf(folder, name))]);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    // The broker's user has it, and keeps even its names from us.
    if (errorCode(error) === "EACCES") return [await entryOf(folder, ".")];
    throw error;
  }
}

async function entryOf(folder: string, name: string): Promise<Entry> {
  const stats = await lstat(join(folder, name));
  const kind = stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "other";
  return { name, kind, uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777, size: stats.size };
}

/** What is wrong with the folder, for a broker that needs the key or does not. Pure. */
export function secretsFindings(entries: readonly Entry[] | undefined, needsKey: boolean): Finding[] {
  const what = "secrets/";
  if (entries === undefined || entries.length === 0) {
    if (!needsKey) return [skipped(what, "none, and no GitHub App is set", "./tinyclaw.sh init sets one up")];
    return [bad(what, `is missing, and GITHUB_APP_ID is set`, "./tinyclaw.sh init makes it")];
  }
  const open = entries.filter(({ mode }) => (mode & 0o007) !== 0);
  const shut = entries.filter((entry) => !brokerReads(entry));
  const findings: Finding[] = [];
  if (open.length > 0)
    findings.push(bad(what, `everybody on this machine may read ${names(open)}`, "chmod -R o= secrets"));
  if (shut.length > 0 && (needsKey || shut.some(({ name }) => name !== "."))) {
    findings.push(bad(what, `the broker (uid ${BROKER_UID}) may not read ${names(shut)}`, handOverCommand("secrets")));
  }
  return findings.length > 0 ? findings : [ok(what, `read by the broker, and by nobody else`)];
}

function names(entries: readonly Entry[]): string {
  return entries.map(({ name }) => (name === "." ? "the folder" : name)).join(", ");
}

/** As the kernel decides for a process of the broker's user and group, which overrides nothing. Pure. */
export function brokerReads({ uid, gid, mode, kind }: Entry): boolean {
  const wanted = kind === "directory" ? 0o5 : 0o4;
  const shift = uid === BROKER_UID ? 6 : gid === BROKER_UID ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}

/** The key as it lies in the folder. A key that this user may not read is the broker's to judge. */
export async function keyFinding(folder: string): Promise<Finding> {
  const what = `secrets/${KEY_NAME}`;
  const path = join(folder, KEY_NAME);
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) {
      return bad(
        what,
        "is a directory, which Docker makes where a file is missing",
        `rmdir ${what}, then ./tinyclaw.sh init`,
      );
    }
    const reading = readAppKey(await readFile(path, "utf8"));
    return reading.status === "ok"
      ? ok(what, `an RSA key, ${reading.key.id}`)
      : bad(what, reading.reason, "./tinyclaw.sh init takes another");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return bad(what, "is missing", "./tinyclaw.sh init copies it there");
    if (errorCode(error) === "EACCES")
      return skipped(what, "this user may not read it; the broker tells what is wrong with it");
    throw error;
  }
}

/** A shell line after which the broker's group may read the folder, its owner as before, and nobody else. */
function groupReads(folder: string): string {
  return `chgrp -R ${BROKER_UID} ${folder} && chmod 2750 ${folder} && find ${folder} -type f -exec chmod 640 {} +`;
}

function handOverCommand(folder: string): string {
  return `sudo sh -c '${groupReads(folder)}'`;
}

/**
 * Gives the folder to the broker: as root its user becomes the owner; else, by Docker, its group may read, and the
 * operator stays the owner. `images`: of which one is taken that is there.
 */
export async function handOver(folder: string, run: Run, images: readonly string[]): Promise<Finding> {
  const what = "secrets/";
  const entries = (await listSecrets(folder)) ?? [];
  if (secretsFindings(entries, true).every(({ mark }) => mark === "ok"))
    return ok(what, "read by the broker, and by nobody else");
  if (process.getuid?.() === 0) {
    await giveAway(folder);
    return ok(what, `belongs to the broker (uid ${BROKER_UID}), and nobody else may look in`);
  }
  const image = await firstThere(run, images);
  const remedy = handOverCommand("secrets");
  if (image === undefined) {
    return skipped(what, `the broker (uid ${BROKER_UID}) may not read it yet, which the first start sees to`, remedy);
  }
  const words = ["run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "sh"];
  const done = await run("docker", [...words, "-v", `${folder}:/secrets`, image, "-c", groupReads("/secrets")]);
  if (done.status !== 0) return bad(what, `could not be given to the broker (uid ${BROKER_UID}) by Docker`, remedy);
  return ok(what, `the broker's group (${BROKER_UID}) may read it, and nobody else but you`);
}

async function firstThere(run: Run, images: readonly string[]): Promise<string | undefined> {
  for (const image of images) {
    if ((await run("docker", ["image", "inspect", "--format", "{{.Id}}", image])).status === 0) return image;
  }
  return undefined;
}

async function giveAway(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!(await lstat(path)).isFile()) continue;
    await chmod(path, 0o600);
    await chown(path, BROKER_UID, BROKER_UID);
  }
  await chmod(folder, 0o700);
  await chown(folder, BROKER_UID, BROKER_UID);
}
