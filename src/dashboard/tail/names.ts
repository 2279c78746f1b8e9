import { rolledNumber } from "../../core/jsonl-files.ts";

/** How the files that a program has filled are named; logrotate's names are known whatever the program. */
export type Rolled = "jsonl" | "pino";

/** A file beside the one that grows. */
export interface Sibling {
  readonly name: string;
  /** Rank among those of the same way of naming: rises with time. */
  readonly rank: number;
  /** `rolled` by the program itself, or `rotated` by logrotate. */
  readonly by: "rolled" | "rotated";
}

/**
 * Those of the `names` in a folder that belong to the file `name`, by rank. `jsonl`: `<name>.<n>.jsonl`, n rising.
 * `pino`: `<source>.<n>` beside the target of the link, whatever the numbers: pino-roll begins again at 1. logrotate:
 * `<file>.<n>`, n falling, or `<file>-<date>` (`dateext`); what it has compressed is not read.
 */
export function siblings(name: string, names: readonly string[], rolled?: Rolled): Sibling[] {
  const found: Sibling[] = [];
  for (const other of names) {
    const rank = rolled === undefined ? undefined : rolledRank(name, other, rolled);
    if (rank !== undefined) found.push({ name: other, rank, by: "rolled" });
    const rotated = rolled === "pino" ? undefined : rotatedRank(name, other);
    if (rotated !== undefined) found.push({ name: other, rank: rotated, by: "rotated" });
  }
  return found.sort((a, b) => a.rank - b.rank);
}

/** The name of one of pino-roll's files without its number: the family. */
function pinoFamily(name: string): string {
  return name.replace(/\.\d{1,9}$/, "");
}

function rolledRank(name: string, other: string, rolled: Rolled): number | undefined {
  // The writer's own rule.
  if (rolled === "jsonl") return rolledNumber(name, other);
  const prefix = `${pinoFamily(name)}.`;
  return other.startsWith(prefix) ? number(other.slice(prefix.length)) : undefined;
}

function rotatedRank(name: string, other: string): number | undefined {
  if (!other.startsWith(name)) return undefined;
  const rest = other.slice(name.length);
  if (rest.startsWith(".")) {
    const n = number(rest.slice(1));
    return n === undefined ? undefined : -n;
  }
  return /^-\d{8,10}(-\d{1,10})?$/.test(rest) ? Number(rest.replaceAll("-", "")) : undefined;
}

function number(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
