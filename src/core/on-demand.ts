import Module, { createRequire } from "node:module";

const here = createRequire(import.meta.url);

/** A module that a package loads and hardly uses. */
export interface OnDemand {
  /** Its file; `require` resolves as the package does. */
  readonly path: (require: NodeJS.Require) => string;
  /** Loads one of its members; without this the first use of any loads the module itself. */
  readonly member?: (require: NodeJS.Require, name: string) => unknown;
}

/**
 * Loads a CommonJS package, but one module that it would load along with it only when that is used. Every thread loads
 * its packages anew, so that each worker pays for what nobody uses: in memory, and in time whenever it is started again.
 */
export function requireOnDemand(name: string, late: OnDemand): unknown {
  const inside = createRequire(here.resolve(name));
  // Throws where there is no such file any more.
  const path = here.resolve(late.path(inside));
  const stand = new Module(path);
  const member = late.member ?? ((_, key) => load(path, stand)[key]);
  stand.loaded = true;
  stand.exports = new Proxy(
    { __esModule: true },
    {
      get: (own, key) => {
        if (typeof key === "string" && !Object.hasOwn(own, key)) Reflect.set(own, key, member(inside, key));
        return Reflect.get(own, key) as unknown;
      },
    },
  );
  here.cache[path] ??= stand;
  return here(name);
}

function load(path: string, stand: NodeJS.Module): Record<string, unknown> {
  if (here.cache[path] === stand) delete here.cache[path];
  return here(path) as Record<string, unknown>;
}
