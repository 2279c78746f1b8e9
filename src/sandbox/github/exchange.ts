import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer, Call } from "./call.ts";
import { readAuthorization } from "./call.ts";
import type { Fault } from "./faults.ts";

/** What GitHub Enterprise puts in front of every path of its API. */
const ENTERPRISE_PREFIX = /^\/api\/v3(?=\/|$)/;
/** Often enough that no client's idle timer ends an endless answer by itself. */
const TRICKLE_MS = 50;

export async function readCall(request: IncomingMessage): Promise<Call> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString("utf8");
  const url = new URL(request.url ?? "/", "http://sandbox");
  return {
    method: request.method ?? "",
    path: url.pathname.replace(ENTERPRISE_PREFIX, ""),
    query: url.searchParams,
    headers: request.headers,
    authorization: readAuthorization(request.headers.authorization),
    body: text === "" ? undefined : parseJson(text),
  };
}

/** A body that is no JSON stays the text it is, and the route refuses it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The answer as bytes; JSON unless its headers say otherwise. */
function payload({ body }: Answer): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** Headers as every answer of GitHub has them; the Date is how a client learns that its own clock is wrong. */
function writeHead(response: ServerResponse, answer: Answer, now: number): void {
  response.writeHead(answer.status, {
    "content-type": "application/json; charset=utf-8",
    ...answer.headers,
    date: new Date(now).toUTCString(),
    "x-github-request-id": Math.floor(now).toString(16).toUpperCase(),
  });
}

/** Resolves after `ms`, or at once when the client leaves. */
export async function pause(response: ServerResponse, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Sends an answer as the fault has it. `now` is epoch ms. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  fault: Fault | undefined,
  now: number,
): Promise<void> {
  switch (fault?.kind) {
    case "drop":
      response.destroy();
      return;
    case "endless":
      await trickle(response, answer, fault.silent === true, now);
      return;
    case "huge":
      writeHead(response, answer, now);
      await write(response, Buffer.alloc(fault.bytes, " "));
      response.end(payload(answer));
      return;
    case "delay":
      if (fault.when === "after") await pause(response, fault.ms);
      break;
    case "hold":
    case "status":
    case "wider":
    case "patch":
    case undefined:
      break;
  }
  writeHead(response, answer, now);
  response.end(payload(answer));
}

/** Until the client leaves or the stand-in stops. */
async function trickle(response: ServerResponse, answer: Answer, silent: boolean, now: number): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    response.once("close", resolve);
  });
  if (!silent) {
    writeHead(response, answer, now);
    const timer = setInterval(() => response.write(" "), TRICKLE_MS);
    response.once("close", () => {
      clearInterval(timer);
    });
  }
  await gone;
}

/** Resolves when there is room for more, or nobody to read it. */
async function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  if (response.write(bytes)) return;
  await new Promise<void>((resolve) => {
    response.once("drain", resolve).once("close", resolve);
  });
}
