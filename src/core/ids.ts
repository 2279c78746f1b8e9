/** The words and ids everything else is named by. */

/** Model families a turn may run on, weakest first. */
export const MODELS = ["haiku", "sonnet", "opus"] as const;
export type Model = (typeof MODELS)[number];

/** Tiers the router sorts messages into, one a model. */
export const TIERS = ["SIMPLE", "MEDIUM", "COMPLEX"] as const;
export type Tier = (typeof TIERS)[number];

/** Telegram's `message_thread_id`; General has none there and is 1 here. */
export type ThreadId = number;
export const GENERAL_THREAD: ThreadId = 1;

/** The stronger of two models. */
export function strongerModel(a: Model, b: Model): Model {
  return MODELS.indexOf(a) >= MODELS.indexOf(b) ? a : b;
}

/**
 * Folder name of a thread: `[a-z0-9-]{1,64}` from the topic's name, with `-<threadId>` when nothing is left of the
 * name or another thread has it already.
 */
export function threadSlug(name: string, threadId: ThreadId, taken: ReadonlySet<string>): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const short = plain.slice(0, 64).replace(/-+$/, "");
  if (short !== "" && !taken.has(short)) return short;
  for (let n = 1; ; n += 1) {
    // A topic may be named like another's slug with a number: then a second number tells them apart.
    const suffix = n === 1 ? `-${threadId}` : `-${threadId}-${n}`;
    const base = (short === "" ? "topic" : short).slice(0, 64 - suffix.length).replace(/-+$/, "");
    if (!taken.has(`${base}${suffix}`)) return `${base}${suffix}`;
  }
}
