/**
 * To compare with: `ws` and one reader for all clients, woken by the file system; what one read brings is parsed and
 * sent as one frame. Correct, and as it is mostly written: nobody asks whether a client keeps up.
 *
 * Arguments: the file.
 */
import { watch } from "node:fs";
import { open } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import { WebSocketServer } from "ws";
import { announce } from "./announce.ts";

const READ_BYTES = 64 * 1024;
const [, , file = ""] = process.argv;

const handle = await open(file, "r");
const decoder = new StringDecoder();
const buffer = Buffer.alloc(READ_BYTES);
let offset = (await handle.stat()).size;
let rest = "";
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
      offset += bytesRead;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) broadcast(JSON.stringify({ type: "rows", rows: lines.map(parse) }));
    }
  }
}

function broadcast(text: string): void {
  for (const client of server.clients) client.send(text);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return { raw: line };
  }
}
