import { parseFileName } from "./file-name.ts";

/**
 * What a log line says of a message file by its name alone. The lane is the thread, and the key is the messageId unless
 * that is no safe name, or the file is something said about the message: then it is made from it.
 */
export function fieldsOf(name: string): { name: string; threadId?: number; messageId?: string } {
  const parsed = parseFileName(name);
  return parsed === undefined ? { name } : { name, threadId: parsed.lane, messageId: parsed.key };
}
