import { allowOnly } from "../command.ts";
import type { Context } from "../command.ts";
import { runDemo } from "./demo.ts";

/** Ctrl-C ends the demo in order: its processes and its directory go with it. */
export async function run(words: readonly string[], context: Context): Promise<number> {
  allowOnly("demo", words, ["--once"]);
  return await runDemo({ once: words.includes("--once"), signal: context.interrupted() });
}
