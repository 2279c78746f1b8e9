/** Where in the files the row stands that an address names, by its cursor or by its message's id. */
import { getPage } from "../api.js";
import { oneLine } from "../format.js";
import { listOf, recordOf, textOf } from "./record.js";

/**
 * `at`: its cursor, empty where none is named or there is none. `missing`: why there is none. Never rejects.
 * @param {URLSearchParams} query
 * @param {Record<string, unknown>} filter as RowWindow takes it
 * @param {AbortSignal} signal
 */
export async function placeOf(query, filter, signal) {
  const at = query.get("at") ?? "";
  const messageId = query.get("messageId") ?? "";
  if (at !== "" || messageId === "") return { at, missing: "" };
  try {
    const page = await getPage("messages", { ...filter, messageId }, { n: 1 }, signal);
    const cursor = textOf(recordOf(listOf(page.items)[0])["cursor"]);
    if (cursor !== undefined) return { at: cursor, missing: "" };
  } catch (error) {
    return { at: "", missing: error instanceof Error ? error.message : String(error) };
  }
  const id = oneLine(messageId, 80);
  return { at: "", missing: `There is no message ${id} here: a filter leaves it out, or its file was deleted.` };
}
