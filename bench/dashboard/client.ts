/** A client of any of the servers over a bare socket: a real one would take more time than the servers. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Server } from "./stage.ts";

export interface Client {
  /** Reads no more, and stays connected. */
  stall(): void;
  close(): void;
}

const READ_BYTES = 256 * 1024;
const TOPICS = ["messages", "activity"];
/** Of all sockets: what is read is used at once. */
const buffer = Buffer.alloc(READ_BYTES);
const asked = new WeakSet<Socket>();

/**
 * Resolves when the client will be sent all that is written from now on. `onBytes` is given what comes after the
 * handshake, in a buffer that is used again; it must not be kept.
 */
export async function openClient(
  server: Pick<Server, "wire" | "port">,
  onBytes: (bytes: Buffer) => void = () => undefined,
): Promise<Client> {
  let isReady: ((text: string) => boolean) | undefined;
  let greeting = "";
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  let isClosing = false;
  const socket = connect({
    host: "127.0.0.1",
    port: server.port,
    onread: {
      buffer,
      callback(length) {
        const bytes = buffer.subarray(0, length);
        if (isReady === undefined) onBytes(bytes);
        else {
          greeting += bytes.toString("latin1");
          if (isReady(greeting)) settle?.resolve();
        }
        return true;
      },
    },
  });
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    const error = new Error(`the server of ${server.wire} closed the connection: ${greeting.slice(0, 500)}`);
    if (settle !== undefined) settle.reject(error);
    else if (!isClosing) console.error(error.message);
  });
  const until = async (test: (text: string) => boolean): Promise<void> => {
    isReady = test;
    await new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    settle = undefined;
    isReady = undefined;
  };
  await once(socket, "connect");
  const ready = until((text) => isGreeted(server.wire, text, socket));
  socket.write(requestFor(server));
  await ready;
  return {
    stall: () => void socket.pause(),
    close() {
      isClosing = true;
      socket.destroy();
    },
  };
}

/** Whether all is said before rows may come; asks the dashboard for them once it has answered. */
function isGreeted(wire: Server["wire"], text: string, socket: Socket): boolean {
  if (!text.includes("\r\n\r\n")) return false;
  if (wire !== "dashboard") return /^HTTP\/1\.1 (?:101|200) /.test(text);
  if (text.includes('"type":"welcome"') && !asked.has(socket)) {
    asked.add(socket);
    for (const topic of TOPICS) {
      socket.write(clientFrame(JSON.stringify({ type: "subscribe", id: topic, topic, from: "now" })));
    }
  }
  return text.split('"type":"live"').length > TOPICS.length;
}

function requestFor({ wire, port }: Pick<Server, "wire" | "port">): string {
  const head = (path: string, ...more: string[]): string =>
    [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...more, "", ""].join("\r\n");
  if (wire === "sse") return head("/feed", "Accept: text/event-stream");
  return head(
    "/ws",
    `Origin: http://127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...(wire === "dashboard" ? ["Sec-WebSocket-Protocol: tinyclaw.v1"] : []),
  );
}

/** A short text frame (RFC 6455 §5.2). A mask of zeros leaves the text as it is. */
function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new Error(`${payload.length} bytes do not fit into a short frame`);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
