/** The queue in SQLite, in a process of its own: the Node that measures the others may be too old to have it. */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contender.ts";
import type { Call } from "./sqlite-child.ts";

const CHILD = fileURLToPath(new URL("./sqlite-child.js", import.meta.url));
const NODE = "node@22";

/** A Node that has SQLite: this one, or else one that npx finds, if it may look. */
export function nodeWithSqlite(fetch: boolean): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  if (!fetch) return undefined;
  try {
    const words = ["-y", "-p", NODE, "--", "node", "-p", "process.execPath"];
    return execFileSync("npx", words, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 60_000,
    }).trim();
  } catch {
    return undefined;
  }
}

export interface SqliteContender extends Contender {
  close(): Promise<void>;
}

export async function sqlite(root: string, node: string): Promise<SqliteContender> {
  const dir = path.join(root, "sqlite");
  await mkdir(dir);
  const child = fork(CHILD, [dir], { execPath: node, execArgv: ["--no-warnings"] });
  const ask = (call: Call): Promise<number> =>
    new Promise((resolve, reject) => {
      const onExit = (): void => {
        reject(new Error("the process with SQLite has ended"));
      };
      child.once("exit", onExit);
      child.once("message", (answer) => {
        child.off("exit", onExit);
        resolve(Number(answer));
      });
      child.send(call);
    });
  return {
    name: "SQLite, WAL, synchronous FULL",
    durable: true,
    enqueue: () => ask({ call: "enqueue" }),
    // One connection writes at a time: that many producers stand in line.
    together: (count) => ask({ call: "together", count }),
    // It has no doorbell: it is asked as soon as the message is stored.
    claimed: () => ask({ call: "claimed" }),
    async fill(name, count) {
      await ask({ call: "fill", name, count });
    },
    claim: (name) => ask({ call: "claim", name }),
    recover: (count, left) =>
      left === "answered" ? Promise.resolve(undefined) : ask({ call: "recover", count, left }),
    async close() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
