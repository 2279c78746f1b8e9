/**
 * To compare with: `ws` and one reader for all clients, woken by the file system; what one read brings is parsed and
 * sent as one frame. What it sends is what the dashboard sends, so that those who receive it have as much to do: each row
 * behind a cursor of as many letters, at which a client that was cut off could go on. And it does not read on while one
 * is far behind, so that memory stays bounded.
 *
 * Arguments: the file, a number that is not used, and `unbounded`: then rows have no cursor, and nobody is waited for.
 */
import { watch } from "node:fs";
import { open } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { announce } from "./announce.ts";

const READ_BYTES = 64 * 1024;
const NEWLINE = 10;
/** What may wait for a client, bytes; and how soon it is looked at again, ms. */
const MOST_WAITING = 256 * 1024;
const LOOK_MS = 1;
/** In the place of what the dashboard's cursors begin with, a name of the file, and end with, a check. */
const NAME = "0123456789abcdef012301j7m8w2k";
const CHECK = "1a2b3c4";
const [, , file = "", , mode] = process.argv;
const isUnbounded = mode === "unbounded";

const handle = await open(file, "r");
const { size } = await handle.stat();
const buffer = Buffer.alloc(READ_BYTES);
let offset = size;
let rest: Buffer = Buffer.alloc(0);
let isReading = false;
let again = false;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => {
  announce((server.address() as AddressInfo).port);
});
watch(path.dirname(file), () => {
  again = true;
  if (isReading) return;
  isReading = true;
  readOn()
    .catch(console.error)
    .finally(() => {
      isReading = false;
    });
});

async function readOn(): Promise<void> {
  while (again) {
    again = false;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, offset);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const start = offset - rest.length;
      offset += bytesRead;
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      if (end > 0) broadcast(isUnbounded ? plainFrame(bytes, end) : frame(bytes, end, start));
      if (!isUnbounded) await untilRoom();
    }
  }
}

async function untilRoom(): Promise<void> {
  while ([...server.clients].some((client) => client.bufferedAmount > MOST_WAITING)) await pause(LOOK_MS);
}

function broadcast(text: string): void {
  for (const client of server.clients) client.send(text);
}

/** Lines that are objects go out as they are, behind their place. */
function frame(bytes: Buffer, end: number, base: number): string {
  const rows: string[] = [];
  for (let from = 0; from < end;) {
    const to = bytes.indexOf(NEWLINE, from);
    const line = bytes.toString("utf8", from, to);
    const cursor = `"cursor":"${NAME}:${base + to + 1}:${CHECK}"`;
    rows.push(isObject(line) ? `{${cursor},${line.slice(1)}` : `{${cursor},"raw":${JSON.stringify(line)}}`);
    from = to + 1;
  }
  return `{"type":"rows","rows":[${rows.join(",")}]}`;
}

function isObject(line: string): boolean {
  return line.startsWith('{"') && typeof parse(line) === "object";
}

function plainFrame(bytes: Buffer, end: number): string {
  const lines = bytes.toString("utf8", 0, end - 1).split("\n");
  return JSON.stringify({ type: "rows", rows: lines.map((line) => parse(line) ?? { raw: line }) });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
