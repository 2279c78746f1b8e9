import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { openStream } from "../../../src/dashboard/tail/stream.ts";
import type { Limit, Slice, Stream, StreamOptions } from "../../../src/dashboard/tail/stream.ts";

export const ALL: Limit = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tinyclaw-tail-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The real time, and timers that never go off: the reader looks when it is told to. */
export const handClock: Clock = { ...systemClock, after: () => () => undefined };

/** A started stream that is closed with the test; it looks only when told to, unless it is given another clock. */
export async function started(t: TestContext, options: Partial<StreamOptions> & { path: string }): Promise<Stream> {
  const stream = openStream({ clock: handClock, ...options });
  t.after(() => stream.close());
  await stream.start();
  return stream;
}

export function texts(slice: Slice): string[] {
  return slice.items.map((item) => ("gap" in item ? `(${item.gap.reason})` : item.text));
}

/** All there is after the place, told as by `texts`. */
export async function rest(stream: Stream, cursor?: string): Promise<string[]> {
  await stream.look();
  return texts(await stream.after(cursor, ALL));
}

/** Lines with the numbers from `from` to `to`. */
export function lines(from: number, to: number): string {
  let text = "";
  for (let n = from; n <= to; n += 1) text += `{"n":${n}}\n`;
  return text;
}

/** The same as texts of rows. */
export function numbers(from: number, to: number): string[] {
  return lines(from, to).split("\n").slice(0, -1);
}

/** Resolves when there are new rows. */
export function grows(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const stop = stream.onGrown(() => {
      stop();
      resolve();
    });
  });
}
