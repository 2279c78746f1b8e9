/** The text of `.env`, changed line by line, so that what an operator wrote beside it stays. Pure. */
import { parseEnv } from "node:util";

/** A variable to write, with what stands above it where it is new. */
export interface EnvLine {
  readonly name: string;
  readonly value: string;
  readonly comment?: string;
}

/** An assignment as Node and Compose read it: bare up to the line's end, or quoted and then over several lines too. */
const ASSIGNMENT = /^([ \t]*(?:export[ \t]+)?)([A-Za-z_]\w*)([ \t]*=[ \t]*)("[^"]*"|'[^']*'|`[^`]*`|[^\r\n]*)/gm;
/** What neither reader takes for the begin of a comment, a quotation or an interpolation, nor a shell for a home. */
const PLAIN = /^[\w@%+=:,./[\]-]*$/;

export function readEnv(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? ""]));
}

/**
 * The text with these variables set and these gone; all else as it was. Undefined when a value cannot stand in such a
 * file, or the file is written in a way that this cannot change without changing more.
 */
export function editEnv(text: string, lines: readonly EnvLine[], gone: readonly string[] = []): string | undefined {
  if (!lines.every(({ value }) => quoted(value) !== undefined)) return undefined;
  let edited = text.replace(/^\uFEFF/, "");
  for (const name of gone) edited = withoutName(edited, name);
  for (const line of lines) edited = withLine(edited, line);
  const wanted = { ...readEnv(text), ...Object.fromEntries(lines.map(({ name, value }) => [name, value])) };
  for (const name of gone) delete wanted[name];
  return same(readEnv(edited), wanted) ? edited : undefined;
}

function withLine(text: string, { name, value, comment }: EnvLine): string {
  const assignment = quoted(value) ?? "";
  let found = false;
  const replaced = text.replace(ASSIGNMENT, (whole, before: string, own: string, equals: string) => {
    if (own !== name) return whole;
    found = true;
    return `${before}${own}${equals}${assignment}`;
  });
  if (found) return replaced;
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${end}${comment === undefined ? "" : `\n# ${comment}\n`}${name}=${assignment}\n`;
}

function withoutName(text: string, name: string): string {
  const marked = text.replace(ASSIGNMENT, (whole, _before: string, own: string) => (own === name ? "\0" : whole));
  return marked.replace(/\0[^\n]*(?:\n|$)/g, "");
}

/** In single quotes a value stays as it is for both readers, but for these, which one of them takes for its own. */
function quoted(value: string): string | undefined {
  if (PLAIN.test(value)) return value;
  return /['\r\n\0\\]|\$\{/.test(value) ? undefined : `'${value}'`;
}

function same(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
