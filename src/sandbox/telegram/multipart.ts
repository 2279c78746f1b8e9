/** A field of a form: text, or a file when it has a file name. */
export interface FormPart {
  readonly name: string;
  readonly fileName?: string;
  readonly mime: string;
  readonly bytes: Buffer;
}

const CRLF = Buffer.from("\r\n");
const HEADER_END = Buffer.from("\r\n\r\n");

/**
 * Reads a `multipart/form-data` body (RFC 7578). grammY leaves names of files unquoted, which the platform's own
 * `Response.formData` refuses. Undefined when the body is no such form.
 */
export function parseMultipart(body: Buffer, contentType: string): FormPart[] | undefined {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const delimiter = Buffer.from(`--${boundary?.[1] ?? boundary?.[2] ?? ""}`);
  if (delimiter.length === 2) return undefined;
  const parts: FormPart[] = [];
  let at = body.indexOf(delimiter);
  while (at !== -1) {
    const begin = at + delimiter.length;
    if (body.subarray(begin, begin + 2).toString("latin1") === "--") return parts;
    const end = body.indexOf(Buffer.concat([CRLF, delimiter]), begin);
    if (end === -1) return undefined;
    const part = parsePart(body.subarray(begin + CRLF.length, end));
    if (part === undefined) return undefined;
    parts.push(part);
    at = end + CRLF.length;
  }
  return undefined;
}

function parsePart(part: Buffer): FormPart | undefined {
  const split = part.indexOf(HEADER_END);
  if (split === -1) return undefined;
  const headers = part.subarray(0, split).toString("utf8");
  const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined) return undefined;
  const fileName = parameter(disposition, "filename");
  const mime = /^content-type:\s*(\S+)/im.exec(headers)?.[1] ?? "application/octet-stream";
  const bytes = part.subarray(split + HEADER_END.length);
  return fileName === undefined ? { name, mime, bytes } : { name, fileName, mime, bytes };
}

function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\r\\n]*))`, "i").exec(disposition);
  return found?.[1]?.replace(/\\(.)/g, "$1") ?? found?.[2];
}
