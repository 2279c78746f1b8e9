/** What the group saw, held against what was asked of the bot. Pure. */

/** Something the user said; its answer is lines that name it and are numbered. */
export interface Said {
  readonly id: number;
  readonly topic: number;
  readonly lines: number;
}

export interface Topic {
  /** In the order of saying. */
  readonly said: readonly Said[];
  /** The bot's messages as a reader sees them, oldest first. */
  readonly posts: readonly string[];
  /** Those that were given up. */
  readonly dead: ReadonlySet<number>;
}

export interface Findings {
  readonly faults: readonly string[];
  /** Posts that say they may be repeats. */
  readonly repeats: number;
}

/** Before a post of which the bot could not know whether it was in the chat already. */
const REPEATED = /^↻ repeated after (a restart|an error)\n/;
const GIVEN_UP = /^⚠️ TinyClaw was killed \d+ times while it worked on this message/;
const LINES_MAX = 1000;
const PAD = "·".repeat(80);

/** The answer to a message: too long for one post from some 45 lines on. */
export function answerOf(id: number, lines: number): string {
  return Array.from({ length: lines }, (_, at) => `m${id} ${at + 1}/${lines} ${PAD}`).join("\n");
}

/** The messages that a post ends: the last line of their answers stands in it. */
export function endedBy(post: string): number[] {
  return [...post.matchAll(/^m(\d+) (\d+)\/(\d+) /gm)].filter(([, , at, of]) => at === of).map(([, id]) => Number(id));
}

/**
 * Each answer whole, each line of it unmarked once at the most, in the order of the messages; what was given up is told
 * once and not answered.
 */
export function judge({ said, posts, dead }: Topic): Findings {
  const faults: string[] = [];
  const seen = new Set<number>();
  const unmarked = new Set<number>();
  const told = { marked: 0, unmarked: 0 };
  let repeats = 0;
  let last = 0;
  for (const post of posts) {
    const isMarked = REPEATED.test(post);
    const text = post.replace(REPEATED, "");
    if (isMarked) repeats += 1;
    if (GIVEN_UP.test(text)) {
      told[isMarked ? "marked" : "unmarked"] += 1;
      continue;
    }
    for (const line of text.split("\n")) {
      const place = placeOf(line);
      if (place === undefined) {
        faults.push(`nobody asked for “${line.slice(0, 120)}”`);
        continue;
      }
      seen.add(place);
      if (isMarked) continue;
      if (unmarked.has(place)) faults.push(`${line.slice(0, 20)}stands there twice, unmarked`);
      else if (place < last) faults.push(`${line.slice(0, 20)}stands behind what was to come after it`);
      unmarked.add(place);
      last = Math.max(last, place);
    }
  }
  for (const message of said) faults.push(...lackOf(message, seen, dead.has(message.id)));
  const own = said.filter(({ id }) => dead.has(id)).length;
  if (told.unmarked > own || told.unmarked + told.marked < own)
    faults.push(`${own} given up, told of ${told.unmarked} times and ${told.marked} times marked as repeats`);
  return { faults, repeats };
}

function lackOf({ id, lines }: Said, seen: ReadonlySet<number>, isDead: boolean): string[] {
  const lacking = Array.from({ length: lines }, (_, at) => at + 1).filter((at) => !seen.has(id * LINES_MAX + at));
  if (isDead) return lacking.length === lines ? [] : [`m${id} was given up and answered`];
  if (lacking.length === 0) return [];
  return [lacking.length === lines ? `m${id} is lost` : `m${id} lacks ${lacking.length} of its ${lines} lines`];
}

/** A number that grows along a topic. */
function placeOf(line: string): number | undefined {
  const [, id, at] = /^m(\d+) (\d+)\/\d+ ·+$/.exec(line) ?? [];
  return id === undefined || at === undefined ? undefined : Number(id) * LINES_MAX + Number(at);
}
