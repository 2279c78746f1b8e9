import { once } from "node:events";
import { createServer } from "node:net";
import { CliError } from "../errors.ts";

const TRIES = 100;

/** The first free port of loopback from `first` on. Throws `demo_failed` when a hundred are taken. */
export async function freePort(first: number): Promise<number> {
  for (let port = first; port < first + TRIES; port += 1) if (await isFree(port)) return port;
  throw new CliError("demo_failed", `The ports ${first} to ${first + TRIES - 1} are all taken: free one of them.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
