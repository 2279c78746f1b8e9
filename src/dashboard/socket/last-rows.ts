import type { Filter } from "../filter.ts";
import type { History } from "../history.ts";
import type { Cursor, Slice } from "../tail/stream.ts";
import type { Topic } from "../topics.ts";

export interface LastRows {
  /** Oldest first; the newest of them may be left to be read on from the place after these. */
  readonly items: Slice["items"];
  /** The place from which to go on. */
  readonly last: Cursor | undefined;
}

/** The last rows that pass the filter: however large they are, no more than one page of them is in memory. */
export async function lastRows(
  history: History,
  wanted: { topic: Topic; rows: number; filter: Filter; signal: AbortSignal },
): Promise<LastRows> {
  const { topic, filter, signal } = wanted;
  let { rows } = wanted;
  let found = await history.page(topic, { direction: "backward", rows, filter, signal });
  let { last } = found;
  for (let page = found; page.more && page.first !== undefined;) {
    rows -= page.items.filter((item) => !("gap" in item)).length;
    if (rows <= 0) break;
    page = await history.page(topic, { direction: "backward", cursor: page.first, rows, filter, signal });
    if (page.items.length === 0) continue;
    found = page;
    last = placeAfter(page.items.at(-1));
  }
  return { items: found.items, last };
}

function placeAfter(item: Slice["items"][number] | undefined): Cursor | undefined {
  return item !== undefined && "gap" in item ? item.gap.to : item?.cursor;
}
