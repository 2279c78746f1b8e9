import { z } from "../../core/zod.ts";

/**
 * A backup is a gzipped tar: HEADER first, then files and directories below `data/` (the data directory) and `claude/`
 * (the agents' Claude folder), MANIFEST last. An archive without its manifest was cut short. Where a path comes twice,
 * the later one counts.
 */
export const HEADER = "tinyclaw-backup.json";
export const MANIFEST = "manifest.json";

export const headerSchema = z.looseObject({
  format: z.literal(1),
  version: z.string().max(100),
  /** Epoch ms. */
  createdAt: z.number(),
});

const mode = z.number().int().min(0).max(0o777);
const bytes = z.number().int().nonnegative();

export const manifestSchema = z.looseObject({
  files: z.record(z.string(), z.object({ bytes, mode, sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  directories: z.record(z.string(), z.object({ mode })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The folders of an archive. */
export const PARTS = ["data", "claude"] as const;
export type Part = (typeof PARTS)[number];

/** What no name in a backup has. Pure. */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** The part an entry belongs to and its path below it, `""` for the part itself; undefined for a path that may not be. */
export function placeOf(path: string): { part: Part; below: string } | undefined {
  const [first, ...rest] = path.replace(/\/$/, "").split("/");
  const part = PARTS.find((name) => name === first);
  const isPlain = rest.every((name) => name !== "" && name !== "." && name !== ".." && !hasControl(name));
  return part !== undefined && isPlain ? { part, below: rest.join("/") } : undefined;
}
