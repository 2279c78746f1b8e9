/** What was put aside in the queue, and why. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../core/errors.ts";
import { queueLayout } from "../../core/queue/layout.ts";
import { json } from "../http.ts";
import type { Answer } from "../http.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { Query } from "./query.ts";
import { readHead } from "./read-head.ts";
import type { Head } from "./read-head.ts";

const MAX_ITEMS = 1_000;
const MAX_BYTES = 64 * 1024;
/** Names at a time: some 2 ms of the event loop. */
const BATCH = 256;
/** Files at a time. */
const READERS = 8;
/** The reason lies beside the file, under its name and this. */
const WHY = ".why";

export function queueRoutes(deps: RouteDeps): Routes {
  const { deadLetter, corrupt } = queueLayout(join(deps.dir, "queue"));
  return {
    "/api/queue/dead-letter": (call) => listFolder(deadLetter, call),
    "/api/queue/corrupt": (call) => listFolder(corrupt, call),
  };
}

interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly modified: number;
  /** The file's own text; not part of the answer as such. */
  readonly text: string;
  readonly [field: string]: unknown;
}

/** The newest `n` by name, oldest first; names begin with the order of arrival. Written as it is read. */
async function listFolder(folder: string, { request }: Call): Promise<Answer> {
  const n = new Query(request.query, ["n"]).integer("n", 1, MAX_ITEMS) ?? MAX_ITEMS;
  const { names, more } = await newestNames(folder, n);
  return {
    kind: "stream",
    headers: json("").headers,
    async run(sink) {
      await sink.write('{"items":[');
      let separator = "";
      for (let at = 0; at < names.length; at += READERS) {
        sink.signal.throwIfAborted();
        const items = await Promise.all(names.slice(at, at + READERS).map((name) => itemOf(folder, name)));
        for (const item of items) {
          if (item === undefined) continue;
          await sink.write(`${separator}${writable(item)}`);
          separator = ",";
        }
      }
      await sink.write(`],"more":${more}}`);
    },
  };
}

/** What is nested deeper than can be written again is shown as it lies there. */
function writable({ text, ...item }: Item): string {
  try {
    return JSON.stringify(item);
  } catch {
    const { name, bytes, modified } = item;
    return JSON.stringify({ name, bytes, modified, reason: null, why: null, raw: text });
  }
}

/** Of however many names no more are kept than a few times those wanted. */
async function newestNames(folder: string, n: number): Promise<{ names: string[]; more: boolean }> {
  let names: string[] = [];
  let count = 0;
  try {
    // A link in its place may lead to what is not ours to show.
    if ((await lstat(folder)).isSymbolicLink()) return { names, more: false };
    for await (const { name } of await opendir(folder, { bufferSize: BATCH })) {
      if (name.startsWith(".") || name.endsWith(WHY)) continue;
      count += 1;
      names.push(name);
      if (names.length >= 4 * MAX_ITEMS) names = names.sort().slice(-n);
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return { names: names.sort().slice(-n), more: count > n };
}

/** Undefined when it is gone meanwhile. */
async function itemOf(folder: string, name: string): Promise<Item | undefined> {
  const file = await readHead(join(folder, name), MAX_BYTES);
  if (file.status === "gone") return undefined;
  const why = whyOf(await readHead(join(folder, `${name}${WHY}`), MAX_BYTES));
  const { size, mtimeMs } = file.found;
  const base = { name, bytes: size, modified: Math.trunc(mtimeMs), reason: why?.["reason"] ?? null, why };
  return { ...base, ...contentOf(file), text: file.status === "read" ? file.text : "" };
}

function whyOf(file: Head): Readonly<Record<string, unknown>> | null {
  const value = file.status === "read" ? parse(file.text) : undefined;
  return value === undefined ? null : (value as Readonly<Record<string, unknown>>);
}

/** `message` as it was parsed, `raw` for what is no JSON object, with `cut` bytes dropped; or what it is instead. */
function contentOf(file: Exclude<Head, { status: "gone" }>): object {
  if (file.status === "unfit") return { unfit: file.kind };
  const { text, cut } = file;
  const message = parse(text.split("\n", 1)[0] ?? "") ?? parse(text);
  if (message !== undefined) return { message };
  return cut === 0 ? { raw: text } : { raw: text, cut };
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
