/** Takes over the data directory of the older TinyClaw, in place. */
import { copyFile, link, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "../../core/zod.ts";
import { replaceFile, writeAll } from "../../core/atomic-file.ts";
import { errorCode } from "../../core/errors.ts";
import { linesForward, openIfThere, parseLine } from "../../core/jsonl-files.ts";
import { convertLine, convertSettings, convertThreads, isOlderLine, isOlderSettings, isOlderThread } from "./older.ts";
import type { OlderSettings, OlderThread } from "./older.ts";

/** For tinyclaw.sh: what lies here is to be copied into the stack's volume. */
const MARKER = "takeover";
const record = z.record(z.string(), z.unknown());

/** What is there of the older form; undefined: nothing is. */
export interface OlderData {
  readonly settings: OlderSettings | undefined;
  readonly threads: number;
  readonly hasHistory: boolean;
}

export async function findOlder(dir: string): Promise<OlderData | undefined> {
  const settings = await readRecord(join(dir, "settings.json"));
  const threads = Object.values((await readRecord(join(dir, "threads.json"))) ?? {}).filter(isOlderThread).length;
  const hasHistory = await startsOlder(join(dir, "message-history.jsonl"));
  const isOlder = settings !== undefined && isOlderSettings(settings);
  if (!isOlder && threads === 0 && !hasHistory) return undefined;
  return { settings: isOlder ? convertSettings(settings) : undefined, threads, hasHistory };
}

export interface TakenOver {
  readonly threads: number;
  readonly messages: number;
  readonly leftOut: readonly string[];
}

/**
 * Rewrites settings, threads and history, each whole or not at all; once more does no harm. Threads and history of
 * before stay beside the new ones as `*.before-takeover`; the settings do not, for they held the token.
 */
export async function takeOver(
  dir: string,
  options: { readonly place: (thread: OlderThread) => string; readonly mark: boolean },
): Promise<TakenOver> {
  const threads = await convertThreadsFile(join(dir, "threads.json"), options.place);
  const messages = await convertHistory(join(dir, "message-history.jsonl"));
  const path = join(dir, "settings.json");
  const settings = await readRecord(path);
  if (settings !== undefined && isOlderSettings(settings))
    await replaceFile(path, json(convertSettings(settings).settings));
  if (options.mark) await writeFile(join(dir, MARKER), "");
  return { threads: threads.count, messages, leftOut: threads.leftOut };
}

async function convertThreadsFile(path: string, place: (thread: OlderThread) => string) {
  const before = await readRecord(path);
  if (before === undefined || !Object.values(before).some(isOlderThread)) return { count: 0, leftOut: [] };
  const { threads, leftOut } = convertThreads(before, place);
  await copyFile(path, `${path}.before-takeover`);
  await replaceFile(path, json(threads));
  return { count: Object.keys(threads).length, leftOut };
}

/** Lines that are no records stay as they are: readers pass them over. Resolves with how many were changed. */
async function convertHistory(path: string): Promise<number> {
  if (!(await startsOlder(path))) return 0;
  const from = await open(path);
  const aside = `${path}.takeover`;
  let changed = 0;
  try {
    const to = await open(aside, "w", 0o640);
    try {
      let n = 0;
      for await (const line of linesForward(from)) {
        n += 1;
        const read = parseLine(line);
        const isOlder = read !== undefined && isOlderLine(read);
        if (isOlder) changed += 1;
        await writeAll(to, Buffer.from(`${isOlder ? JSON.stringify(convertLine(read, n)) : line.toString("utf8")}\n`));
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
  await rm(`${path}.before-takeover`, { force: true });
  await link(path, `${path}.before-takeover`);
  await rename(aside, path);
  return changed;
}

/** Whether the first record of the file is of the older form. */
async function startsOlder(path: string): Promise<boolean> {
  const handle = await openIfThere(path);
  if (handle === undefined) return false;
  try {
    for await (const line of linesForward(handle)) {
      const read = parseLine(line);
      if (read !== undefined) return isOlderLine(read);
    }
    return false;
  } finally {
    await handle.close();
  }
}

/** Undefined where there is no such file, or it is no JSON object: then it is nothing that could be taken over. */
async function readRecord(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return record.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
