/** Names that strangers chose, made fit for one line of a prompt, a log or a page. Pure. */

/** Telegram's own limits: 64 characters of a first name, 128 of a topic. */
const PERSON_MAX = 64;
const TOPIC_MAX = 128;

/**
 * Everything that is not seen as itself: control and format characters (line breaks, writing direction, hidden tags),
 * halves of surrogate pairs. The two joiners stay: emoji and several scripts are written with them.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text as one line of at most `max` characters; "" when nothing visible is left of it. */
export function oneLine(text: string, max: number): string {
  const line = text.replace(UNSEEN, " ").replace(/\s+/g, " ").trim();
  return Array.from(line).slice(0, max).join("").trim();
}

/** A sender's name. Square brackets become round ones: a prompt sets the sender apart with square ones. */
export function personName(raw: string, fallback: string): string {
  const name = oneLine(raw, PERSON_MAX).replaceAll("[", "(").replaceAll("]", ")");
  return name === "" ? fallback : name;
}

/** A topic's name, or undefined when nothing visible is left of it. */
export function topicTitle(raw: string | undefined): string | undefined {
  const title = oneLine(raw ?? "", TOPIC_MAX);
  return title === "" ? undefined : title;
}
