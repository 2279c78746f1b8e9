/** What a process has left of a message's way, and which row of the crash table in docs/queue.md that is. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseLine } from "../../../src/core/jsonl-files.ts";
import { z } from "../../../src/core/zod.ts";
import { CHUNKS } from "./queue-walk.ts";

export const FOLDERS = ["incoming", "processing", "outgoing", "tmp", "dead-letter", "corrupt"] as const;
type Folder = (typeof FOLDERS)[number];

export interface Left {
  readonly names: Readonly<Record<Folder, readonly string[]>>;
  /** The last event of each. */
  readonly ledger: string | undefined;
  readonly sent: string | undefined;
  readonly deliveries: string | undefined;
  /** Chunks that are written down as being there. */
  readonly posted: number;
}

export async function leftIn(root: string): Promise<Left> {
  const names: Record<Folder, string[]> = {
    incoming: [],
    processing: [],
    outgoing: [],
    tmp: [],
    "dead-letter": [],
    corrupt: [],
  };
  for (const folder of FOLDERS) names[folder] = await readdir(join(root, folder)).catch(() => []);
  const [ledger, sent, deliveries] = await Promise.all(
    ["ledger", "sent", "deliveries"].map((name) => eventsIn(join(root, `${name}.jsonl`))),
  );
  const posted = deliveries?.filter((event) => event === "sent").length ?? 0;
  return { names, ledger: ledger?.at(-1), sent: sent?.at(-1), deliveries: deliveries?.at(-1), posted };
}

const eventSchema = z.object({ event: z.string() });

async function eventsIn(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => eventSchema.safeParse(parseLine(Buffer.from(line))).data?.event);
  return lines.filter((event) => event !== undefined);
}

/** A message's way; one that fails and is buried; an answer of several chunks; another program's file; what is no message. */
export type Way = "walk" | "doom" | "long" | "dropped" | "torn";

type Row = readonly [name: string, is: (left: Left) => boolean];

const letters = ({ names }: Left): string[] => names["dead-letter"].filter((name) => !name.endsWith(".why"));

/** The rows of the crash table, the latest first, as the disk shows them. */
const COMMON: readonly Row[] = [
  ["finished", ({ sent, names }) => sent === "done" && names.outgoing.length === 0],
  ["C11 `done` of the answer, which is there still", ({ sent }) => sent === "done"],
  ["C10 the answer is in the chat and written down", ({ deliveries }) => deliveries === "sent"],
  ["C9 the answer is written down as going out", ({ deliveries }) => deliveries === "intend"],
  ["C8 `done`, the answer alone", ({ ledger, names }) => ledger === "done" && names.processing.length === 0],
  ["C7b `done` and processing/", ({ ledger }) => ledger === "done"],
  ["C7 the answer and processing/", ({ names }) => names.outgoing.length > 0],
  ["C6 `try`, the answer in tmp/", ({ ledger, names }) => ledger === "try" && names.tmp.length > 0],
  ["C5 `try` and processing/", ({ ledger }) => ledger === "try"],
  ["C4 processing/", ({ names }) => names.processing.length > 0],
  ["C3 incoming/", ({ names }) => names.incoming.length > 0 && names.tmp.length === 0],
  ["C2 incoming/ and tmp/", ({ names }) => names.incoming.length > 0],
  ["C1 tmp/", ({ names }) => names.tmp.length > 0],
  ["C0 nothing yet", () => true],
];

/** What is special to a way; looked at before the others. */
const SPECIAL: Readonly<Record<Way, readonly Row[]>> = {
  walk: [],
  doom: [
    ["C14c the letter and processing/", (left) => letters(left).length > 0 && left.names.processing.length > 0],
    ["buried", (left) => letters(left).length > 0],
    ["C14b the `.why` of a burial alone", ({ names }) => names["dead-letter"].length > 0],
    ["C14a the topic is told of a burial", ({ names }) => names.outgoing.length > 0],
    ["C5b `fail` and processing/", ({ ledger, names }) => ledger === "fail" && names.processing.length > 0],
  ],
  long: [["C12 some chunks of the answer", ({ posted, sent }) => sent !== "done" && posted > 0 && posted < CHUNKS]],
  dropped: [["C15 the dropped file, and the same under our name", ({ names }) => names.incoming.length === 2]],
  torn: [["C13 the `.why` of what is no message alone", ({ names }) => names.corrupt.length > 0]],
};

/** All that kills must leave. */
export const rows: readonly string[] = [...COMMON, ...Object.values(SPECIAL).flat()].map(([name]) => name);

export function rowOf(way: Way, left: Left): string {
  return [...SPECIAL[way], ...COMMON].find(([, is]) => is(left))?.[0] ?? "";
}
