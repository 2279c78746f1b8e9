/** One bot a data directory: two would take each other's messages. */
import { readlink, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "../core/zod.ts";
import { errorCode } from "../core/errors.ts";
import { readSupervisorRecord } from "../core/supervisor-record.ts";
import { SupervisorError } from "./errors.ts";

/** A bot that runs tells of itself every 2 s. */
const FRESH_MS = 5_000;
/** For the holder to say who it is; one that hangs holds the directory all the same, ms. */
const ANSWER_MS = 1_000;
/** Who ask at once. */
const MOST_ASKING = 8;
/** States in which a bot has let go, though it has told of itself a moment ago. */
const ENDED = new Set(["stopped", "gave-up"]);

const holderSchema = z.object({ pid: z.number(), instance: z.string() });
type Holder = z.infer<typeof holderSchema>;

export interface InstanceLock {
  /** Names the directory itself, whatever path leads to it. */
  readonly directory: string;
  /** Names the network in which the lock is seen, for the status; undefined where there is no such thing. */
  readonly network: string | undefined;
  /** Also done by the kernel, however the process ends. */
  release(): Promise<void>;
}

/**
 * Takes the directory, or throws `directory_held`. The lock is a socket in Linux' abstract namespace, named after the
 * directory itself and not its path: the kernel frees it with the process, so that none is ever left over. It is seen within
 * one network namespace alone; a bot in another container is known by the status it keeps writing. On a system without
 * abstract sockets that is all there is.
 */
export async function holdDirectory(dir: string, self: Holder, now: number): Promise<InstanceLock> {
  const network = await readlink("/proc/self/ns/net").catch(() => undefined);
  const directory = await nameOf(dir);
  const server = network === undefined ? undefined : await listen(`\0tinyclaw-${directory}`, dir, self);
  try {
    await refuseOther(dir, { ...self, network }, now);
  } catch (error) {
    await close(server);
    throw error;
  }
  return { directory, network, release: () => close(server) };
}

async function nameOf(dir: string): Promise<string> {
  const { dev, ino, birthtimeNs } = await stat(dir, { bigint: true });
  // The inode of a directory that was deleted is given to the next, and its time of birth is not.
  return `${dev}-${ino}-${birthtimeNs}`;
}

async function listen(name: string, dir: string, self: Holder): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Agents can reach it too: whoever does not hang up is hung up on.
    socket.end(JSON.stringify(self), () => socket.destroy());
  });
  server.maxConnections = MOST_ASKING;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(name, resolve);
    });
  } catch (error) {
    if (errorCode(error) !== "EADDRINUSE") throw error;
    const holder = await askHolder(name);
    throw held(dir, holder === undefined ? "a process that does not say who it is" : `process ${holder.pid}`);
  }
  server.unref();
  return server;
}

async function askHolder(name: string): Promise<Holder | undefined> {
  const socket = connect(name);
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  try {
    return holderSchema.parse(JSON.parse(await text(socket)));
  } catch {
    return undefined;
  }
}

/** A bot of the same network would hold the socket: what it has left in the status is of one that is gone. */
async function refuseOther(dir: string, self: Holder & { network: string | undefined }, now: number): Promise<void> {
  const record = await readSupervisorRecord(dir);
  if (record === undefined || ENDED.has(record.state)) return;
  const { instance, pid, network } = record.whole;
  const isGone = self.network !== undefined && network === self.network;
  if (isGone || instance === self.instance || Math.abs(now - record.timestamp) >= FRESH_MS) return;
  throw held(dir, `process ${String(pid)} of another container, which told of itself less than 5 s ago`);
}

function held(dir: string, holder: string): SupervisorError {
  return new SupervisorError(
    "directory_held",
    `${dir} is in use by ${holder}: stop that bot first, or give this one a directory of its own by TINYCLAW_DIR.`,
    { details: { dir } },
  );
}

function close(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}
