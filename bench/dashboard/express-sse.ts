/**
 * To compare with: Express and server-sent events as they are mostly written, correct and without art. Each client has
 * a timer of its own that looks at the file's size and reads on from where this client is.
 *
 * Arguments: the file.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { StringDecoder } from "node:string_decoder";
import express from "express";
import type { Response } from "express";
import { announce } from "./announce.ts";

const POLL_MS = 250;
const [, , file = ""] = process.argv;

const app = express();

app.get("/feed", async (_request, response) => {
  let offset = await sizeOf(file);
  let rest = "";
  let isReading = false;
  const decoder = new StringDecoder();
  response.set({ "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const poll = async (): Promise<void> => {
    if ((await sizeOf(file)) <= offset) return;
    for await (const chunk of createReadStream(file, { start: offset })) {
      offset += (chunk as Buffer).length;
      const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) sendRow(response, line);
    }
  };
  const timer = setInterval(() => {
    if (isReading) return;
    isReading = true;
    poll()
      .catch(console.error)
      .finally(() => {
        isReading = false;
      });
  }, POLL_MS);
  response.on("close", () => {
    clearInterval(timer);
  });
});

app.get("/recent", async (request, response) => {
  const wanted = Number(request.query["n"] ?? 50);
  let newest: string[] = [];
  for await (const lines of linesOf(file)) newest = [...newest, ...lines].slice(-wanted);
  response.json({ items: newest.map((line) => JSON.parse(line) as unknown) });
});

app.get("/search", async (request, response) => {
  const { q } = request.query;
  const needle = typeof q === "string" ? q.toLowerCase() : "";
  response.type("application/x-ndjson");
  for await (const lines of linesOf(file)) {
    for (const line of lines) if (line.toLowerCase().includes(needle)) response.write(`${line}\n`);
  }
  response.end();
});

const server = app.listen(0, "127.0.0.1", () => {
  announce((server.address() as AddressInfo).port);
});

function sendRow(response: Response, line: string): void {
  try {
    response.write(`data: ${JSON.stringify(JSON.parse(line))}\n\n`);
  } catch {
    response.write(`data: ${JSON.stringify({ raw: line })}\n\n`);
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}

/** The whole file, a chunk's lines at a time. */
async function* linesOf(path: string): AsyncGenerator<string[], void> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
    const lines = (rest + (chunk as string)).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
}
