/** The images and the stack that runs from them, on this machine's Docker engine. */
import { noEngine } from "../test/docker/support/docker.ts";
import { Stack } from "../test/docker/support/stack.ts";
import type { BenchRow } from "./bench.ts";
import { idleMemory, imageSizes, startTime } from "./docker/footprint.ts";

/** Builds the images, starts the stack against the stand-ins, measures, and takes everything down. */
export async function run(): Promise<BenchRow[]> {
  if (noEngine !== false) throw new Error(`The area docker ${noEngine}.`);
  const stack = await Stack.open();
  try {
    const sizes = await imageSizes(stack);
    const start = await startTime(stack);
    return [...sizes, ...start, ...(await idleMemory(stack))];
  } finally {
    await stack.close();
  }
}
