/** A Bloom filter of the threads in a block: may name one too many, never one too few. */
export const WORDS = 16;
const BITS = WORDS * 32;

/** Sets the bits of a value of `threadId`, at `at` of the words. */
export function addThread(words: Uint32Array, at: number, thread: unknown): void {
  for (const bit of bitsOf(thread)) words[at + (bit >>> 5)] = (words[at + (bit >>> 5)] ?? 0) | (1 << (bit & 31));
}

export function mayHoldThread(words: Uint32Array, at: number, bits: readonly number[]): boolean {
  return bits.every((bit) => ((words[at + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) !== 0);
}

/** Two bits; a number and a text that looks like it are one thread, as they are to a filter. */
export function bitsOf(thread: unknown): readonly number[] {
  // No filter asks for anything else, and some of it cannot be made a text.
  if (typeof thread !== "number" && typeof thread !== "string") return [];
  const text = String(thread);
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n += 1) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return [(hash >>> 0) % BITS, (hash >>> 16) % BITS];
}
