import { register } from "node:module";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../support/root.ts";

/** The one library that modules without a view ask for: the router, which the server hands out under this name. */
const ROUTER = "/lib/workers/router/router.js";
register(
  `data:text/javascript,${encodeURIComponent(`
  const router = ${JSON.stringify(new URL("../../src/workers/router/router.js", import.meta.url).href)};
  export const resolve = (name, context, next) => next(name === "${ROUTER}" ? router : name, context);
`)}`,
);

/** A module of the page, which is not compiled; `T` is what the test uses of it. */
export async function pageModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(repositoryRoot, "web", name)).href)) as T;
}

/** A question to the server that the test answers. */
export interface Question {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal | undefined;
  readonly answer: (body: object) => void;
}

/** In place of `fetch`: what is asked, in order. An answer comes also where it is not wanted any more. */
export function questions(t: TestContext): Question[] {
  const asked: Question[] = [];
  t.mock.method(globalThis, "fetch", (url: string, { signal }: RequestInit = {}) => {
    const [path = "", search = ""] = url.split("?", 2);
    return new Promise<Response>((resolve) => {
      asked.push({
        path,
        query: new URLSearchParams(search),
        signal: signal ?? undefined,
        answer: (body) => resolve(Response.json(body)),
      });
    });
  });
  return asked;
}

export interface Gap {
  readonly from: string | null;
  readonly to: string;
  readonly bytes: number;
  readonly reason: string;
}

/** A page of a list, its rows by their cursors. */
export function page(cursors: readonly string[], rest: { more?: boolean; gaps?: (Gap & { index: number })[] } = {}) {
  return { items: rows(...cursors), first: cursors[0] ?? null, last: cursors.at(-1) ?? null, more: false, ...rest };
}

export function rows(...cursors: readonly string[]): { cursor: string }[] {
  return cursors.map((cursor) => ({ cursor }));
}
