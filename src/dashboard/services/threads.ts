/** A thread as `threads.json` has it; what an agent may have written there is passed on as it is. */
export interface ThreadEntry {
  readonly id: number;
  readonly [key: string]: unknown;
}

/** The threads by their ids. Entries that are none are left out; undefined when the value is no such table at all. */
export function parseThreads(value: unknown): ThreadEntry[] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value)
    .flatMap(([key, entry]) => {
      const id = /^[1-9]\d{0,15}$/.test(key) ? Number(key) : 0;
      const isThread = typeof entry === "object" && entry !== null && !Array.isArray(entry);
      return isThread && id > 0 && Number.isSafeInteger(id) ? [{ id, fields: entry as Record<string, unknown> }] : [];
    })
    .sort((a, b) => a.id - b.id)
    .map(({ id, fields }) => ({ ...fields, id }));
}
