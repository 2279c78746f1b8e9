/** Patterns of repository names. Pure. */

/** They steer a whole organisation; a pattern never means them, a name does. */
const LITERAL_ONLY = new Set([".github", ".github-private"]);

/** Whether a pattern stands for a repository's name. Case does not matter; `.github` is only ever meant literally. */
export function matchesName(pattern: string, name: string): boolean {
  const small = name.toLowerCase();
  if (pattern.toLowerCase() === small) return true;
  return !LITERAL_ONLY.has(small) && matchesGlob(pattern.toLowerCase(), small);
}

/** Linear in practice: a star that fails gives back one character at a time, and only the last star is tried again. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[p] === "*") {
      star = p;
      resume = at;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[at])) {
      p += 1;
      at += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      p = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(p));
}
