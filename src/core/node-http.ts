/**
 * Node's HTTP without what its import brings along. An import reads every export of a module, and among those of
 * node:http are some that load all of fetch when they are read: ten megabytes of each thread that never uses it.
 */
export const http = process.getBuiltinModule("node:http");
export const https = process.getBuiltinModule("node:https");

/** More is no answer to a question that is asked here. */
const MAX_BYTES = 64 * 1024;

/**
 * GET: the body of the answer, whatever its status; a redirection is not followed. Rejects with the system's error, when
 * it is over 64 KiB, or when the signal aborts.
 */
export function getText(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = url.startsWith("https:") ? https : http;
    const request = client.get(url, { signal, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (text.length > MAX_BYTES) request.destroy(new Error(`an answer of over ${MAX_BYTES} characters`));
      });
      response.once("end", () => {
        resolve(text);
      });
      response.once("error", reject);
    });
    request.once("error", reject);
  });
}
