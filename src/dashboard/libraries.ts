import { fileURLToPath } from "node:url";
import type { Extended } from "./page.ts";

/** Of the compiled program, and of the checkout that it lies in. */
const OURS = new URL("../", import.meta.url);
const INSTALLED = new URL("../../../node_modules/", import.meta.url);

const ROUTER = ["router", "dimensions", "keywords", "scan", "tiers"].map((name) => `workers/router/${name}.js`);

/** What the page loads from under `/lib/`: libraries as they are installed, and the router, which it runs itself. */
export const LIBRARIES: Readonly<Record<string, string | Extended>> = Object.fromEntries<string | Extended>([
  // Its smallest form is a script that makes a global; half of the module, which is published in full only.
  ["uPlot.js", { path: path(INSTALLED, "uplot/dist/uPlot.iife.min.js"), suffix: "\nexport default uPlot;\n" }],
  ["uPlot.min.css", path(INSTALLED, "uplot/dist/uPlot.min.css")],
  ...[...ROUTER, "core/ids.js"].map((name): [string, string] => [name, path(OURS, name)]),
]);

function path(folder: URL, name: string): string {
  return fileURLToPath(new URL(name, folder));
}
