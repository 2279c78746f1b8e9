import { WINDOW_BYTES, checkOf, startOf } from "./cursor.ts";
import type { Place } from "./cursor.ts";
import type { SourceFile } from "./source-file.ts";
import { CHUNK_BYTES, NEWLINE } from "./line-bytes.ts";

/** The place just after the last line of the file that has ended. Reads backward, and no further than that. */
export async function endOfLines(file: SourceFile, gen: string): Promise<Place> {
  return placeAt(file, gen, await lineStart(file, await file.size()));
}

/** The place before the line that lies so many bytes before another place; the start of the file at most. */
export async function placeBefore(file: SourceFile, place: Place, bytes: number): Promise<Place> {
  return placeAt(file, place.gen, await lineStart(file, Math.max(0, place.offset - bytes)));
}

async function placeAt(file: SourceFile, gen: string, offset: number): Promise<Place> {
  if (offset === 0) return startOf(gen);
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, offset));
  await file.read(window, window.length, offset - window.length);
  return { gen, offset, check: checkOf(window, window.length) };
}

/** Where the line begins that `end` lies in, or just after the line that `end` is just after. */
export async function lineStart(file: SourceFile, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end));
  for (let to = end; to > 0;) {
    const from = Math.max(0, to - CHUNK_BYTES);
    const read = await file.read(chunk, to - from, from);
    const newline = chunk.subarray(0, read).lastIndexOf(NEWLINE);
    if (newline !== -1) return from + newline + 1;
    to = from;
  }
  return 0;
}
