/** How files of lines are read. */
export const NEWLINE = 0x0a;
/** Read at once. */
export const CHUNK_BYTES = 64 * 1024;
