import { crc32 } from "node:zlib";
import { z } from "../zod.ts";

/**
 * A queue file: the message as JSON on the first line, `{"crc32":"<8 hex>","bytes":<length of the first line>}` on the
 * second. Both must fit, so that a file that was cut or changed is known for what it is. Pure.
 */

/** No message file is larger, bytes. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

export type Parsed = { status: "ok"; value: unknown } | { status: "corrupt"; reason: string };

const trailerSchema = z.object({ crc32: z.string().regex(/^[0-9a-f]{8}$/), bytes: z.number().int().nonnegative() });
const NEWLINE = 0x0a;

export function encodeEnvelope(message: unknown): Buffer {
  const line = Buffer.from(JSON.stringify(message));
  const trailer = JSON.stringify({ crc32: checksum(line), bytes: line.length });
  return Buffer.concat([line, Buffer.from(`\n${trailer}\n`)]);
}

export function parseEnvelope(file: Buffer): Parsed {
  const end = file.indexOf(NEWLINE);
  if (end === -1) return corrupt("the second line with crc32 and bytes is missing");
  const line = file.subarray(0, end);
  const second = parseJson(file.subarray(end + 1));
  const trailer = second.status === "ok" ? trailerSchema.safeParse(second.value).data : undefined;
  if (trailer === undefined) return corrupt("the second line is not a crc32 and a length");
  if (trailer.bytes !== line.length) return corrupt(`the first line has ${line.length} bytes, not ${trailer.bytes}`);
  if (trailer.crc32 !== checksum(line)) return corrupt("the first line does not match its crc32");
  return parseJson(line);
}

/** The message in a file of another program: its first line, or else the whole file, as JSON. */
export function parseDropped(file: Buffer): Parsed {
  const end = file.indexOf(NEWLINE);
  const first = parseJson(end === -1 ? file : file.subarray(0, end));
  return first.status === "ok" || end === -1 ? first : parseJson(file);
}

function parseJson(bytes: Buffer): Parsed {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return corrupt("not valid UTF-8");
  }
  try {
    return { status: "ok", value: JSON.parse(text) };
  } catch (error) {
    // V8's message quotes the text, which has no place in a log.
    return corrupt(error instanceof SyntaxError ? "not valid JSON" : String(error));
  }
}

/** The first three faults, in a sentence. */
export function describeIssues(error: z.ZodError): string {
  const faults = error.issues.slice(0, 3).map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`);
  return `wrong shape: ${faults.join("; ")}`;
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

function corrupt(reason: string): Parsed {
  return { status: "corrupt", reason };
}
