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
 * `pino`: beside the target of the link, whatever day and number: pino-roll begins again at 1. logrotate:
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

/** `<source>.<date>.<n>.log`, as our log writer has them named by pino-roll, and without date and ending, as others do. */
const PINO_NAME = /^(.+?)(?:\.\d{4}-\d\d-\d\d)?\.([1-9]\d{0,8})(?:\.log)?$/;

function rolledRank(name: string, other: string, rolled: Rolled): number | undefined {
  // The writer's own rule.
  if (rolled === "jsonl") return rolledNumber(name, other);
  const [, family] = PINO_NAME.exec(name) ?? [];
  const [, otherFamily, rank] = PINO_NAME.exec(other) ?? [];
  return family !== undefined && family === otherFamily ? Number(rank) : undefined;
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
