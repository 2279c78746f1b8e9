/** Where rows of one height lie, and which of them are drawn. Lengths are CSS pixels. */

/** Rows drawn beyond what can be seen, on either side. */
const MARGIN = 20;
const MAX_DRAWN = 190;

/** @typedef {{top: number, height: number, rowHeight: number}} View `top`: how far it is scrolled; `height`: what can be seen */

/** The rows to be drawn: from the first up to, and without, the last. @param {View} view @param {number} length of all */
export function drawnRange({ top, height, rowHeight }, length) {
  const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN);
  const wanted = Math.min(MAX_DRAWN, Math.ceil(height / rowHeight) + 2 * MARGIN);
  return { first, last: Math.min(length, first + wanted) };
}

/** How far to scroll so that a row is seen, in the middle; undefined: it is seen whole. @param {View} view @param {number} index */
export function topToReveal({ top, height, rowHeight }, index) {
  const own = index * rowHeight;
  const isSeen = own >= top && own + rowHeight <= top + height;
  return isSeen ? undefined : Math.max(0, own - height / 2);
}

/**
 * Whether the end is followed, once it was scrolled. Rows that come between a scroll and its event put the end further
 * away: only who scrolls up leaves it.
 * @param {View} view
 * @param {{whole: number, isFollowing: boolean, isMovedUp: boolean}} how `whole`: the height of all rows
 */
export function followsEnd({ top, height, rowHeight }, { whole, isFollowing, isMovedUp }) {
  return top + height >= whole - rowHeight || (isFollowing && !isMovedUp);
}
