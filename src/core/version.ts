import { readFile } from "node:fs/promises";

/** The version of the whole system, from its package.json. */
export async function readVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8")) as unknown;
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "0";
}
