/** How rows go out as they come, whatever carries them. */

/** Rows that come within this time of others go out with them, ms. */
export const GATHER_MS = 16;
/** Times that a WebSocket's rows go out without waiting for others first. */
export const AT_ONCE = 4;
/** Of one frame, or of what is written at once: rows, and bytes; a single row may be longer. */
export const FRAME = { rows: 500, bytes: 64 * 1024 } as const;
/** Bytes looked at in one go: with a filter that few rows pass, others have their turn in between. */
export const SCAN_BYTES = 1024 * 1024;
