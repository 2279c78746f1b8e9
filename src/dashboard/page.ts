/** The page: its files, held in memory from the start, so that no path of a request ever reaches the file system. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { errorCode } from "../core/errors.ts";
import { isKnown, notModified } from "./api/etag.ts";
import { contentPolicy, inlineHashes, pageHeaders } from "./content-policy.ts";
import type { InlineHashes } from "./content-policy.ts";
import type { Answer, Request } from "./http.ts";

export { securityHeaders } from "./content-policy.ts";

export interface Page {
  /** Undefined where the page has no such file. */
  answer(request: Request): Answer | undefined;
  /** Paths that exist. */
  readonly paths: readonly string[];
  /** Libraries that could not be read. */
  readonly missing: readonly string[];
}

/** A file with more text after it. */
export interface Extended {
  readonly path: string;
  readonly suffix: string;
}

interface File {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  /** Where it is smaller. */
  readonly gzip: Buffer | undefined;
  readonly inline: InlineHashes;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};
const NOTHING: InlineHashes = { scripts: [], styles: [] };
/** A part of a path that means itself, encoded or not. */
const PLAIN = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

/**
 * Reads `webDir` with its folders, and `libs`: files by their names under `/lib/`. A folder that is missing is a page
 * that is not installed. Names that begin with a dot, or would have to be encoded, are left out, and links as well.
 */
export function loadPage(webDir: string, libs: Readonly<Record<string, string | Extended>> = {}): Page {
  const files = new Map<string, File>();
  const missing: string[] = [];
  for (const path of pathsIn(webDir)) files.set(path, fileOf(path, readFileSync(join(webDir, path))));
  for (const [name, source] of Object.entries(libs)) {
    const { path, suffix } = typeof source === "string" ? { path: source, suffix: "" } : source;
    const body = readIfThere(path, suffix);
    if (body === undefined) missing.push(name);
    else files.set(`/lib/${name}`, fileOf(name, body));
  }
  const index = files.get("/index.html");
  if (index !== undefined) files.set("/", index);
  return {
    answer(request) {
      const file = files.get(request.path);
      return file && answerWith(file, request);
    },
    paths: [...files.keys()],
    missing,
  };
}

function pathsIn(folder: string, at = ""): string[] {
  const entries = entriesIn(join(folder, at)).filter(({ name }) => PLAIN.test(name));
  return entries.flatMap((entry) => {
    const path = `${at}/${entry.name}`;
    if (entry.isDirectory()) return pathsIn(folder, path);
    return entry.isFile() ? [path] : [];
  });
}

function entriesIn(folder: string): { name: string; isDirectory(): boolean; isFile(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function readIfThere(path: string, suffix: string): Buffer | undefined {
  try {
    return Buffer.concat([readFileSync(path), Buffer.from(suffix)]);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function fileOf(name: string, body: Buffer): File {
  const extension = extname(name);
  const gzip = gzipSync(body, { level: 9 });
  return {
    type: TYPES[extension] ?? "application/octet-stream",
    body,
    etag: createHash("sha256").update(body).digest("base64url").slice(0, 22),
    gzip: gzip.length < body.length ? gzip : undefined,
    inline: extension === ".html" ? inlineHashes(body.toString("utf8")) : NOTHING,
  };
}

/** Two encodings of a file are two representations: each has a validator of its own. */
function answerWith({ type, body, etag, gzip, inline }: File, request: Request): Answer {
  const packed = acceptsGzip(request.headers.get("accept-encoding")) ? gzip : undefined;
  const tag = packed === undefined ? `"${etag}"` : `"${etag}-gz"`;
  const caching = { etag: tag, "cache-control": "no-cache, no-transform", vary: "accept-encoding" };
  // A worker has the policy of its own file, so that a script bears the page's as well.
  const policy = { "content-security-policy": contentPolicy(inline, request.headers.get("host")) };
  const headers = { ...caching, ...pageHeaders, ...policy };
  if (isKnown(request, tag)) return notModified(headers);
  const encoding = packed === undefined ? undefined : { "content-encoding": "gzip" };
  return {
    kind: "whole",
    status: 200,
    headers: { "content-type": type, ...headers, ...encoding },
    body: packed ?? body,
  };
}

/** RFC 9110 §12.5.3; a quality of 0 is a refusal. */
function acceptsGzip(header = ""): boolean {
  const codings = header.split(",").map((coding) => coding.toLowerCase().replaceAll(/\s/g, ""));
  const quality = (name: string): number | undefined => {
    const found = codings.find((coding) => coding === name || coding.startsWith(`${name};`));
    return found === undefined ? undefined : Number(/;q=([\d.]+)/.exec(found)?.[1] ?? 1);
  };
  return (quality("gzip") ?? quality("*") ?? 0) > 0;
}
