import type { HttpRequest, HttpResponse, WebSocket, WebSocketBehavior, us_socket_context_t } from "uWebSockets.js";
import type { Connection, Peer, Text } from "../connection.ts";
import { CLOSE, SUBPROTOCOL } from "../protocol.ts";
import type { StateTopic } from "../protocol.ts";

/** What is kept with each WebSocket. */
interface SocketData {
  readonly begin: (connection: Connection) => Peer;
  peer?: Peer;
  connection?: SocketConnection;
}

/** A frame from a client: what it has to say is short. */
const MAX_FRAME_BYTES = 16 * 1024;
/** A client that does not answer pings is gone. The engine's unit is some four seconds. */
const IDLE_S = 60;
/** Once so much waits for it a client is sent nothing more, but cut off: it resumes by its cursors. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** `open` is kept to those connections that are open. */
export function webSockets(
  open: Set<SocketConnection>,
  upgrade: (response: HttpResponse, request: HttpRequest, context: us_socket_context_t) => void,
): WebSocketBehavior<SocketData> {
  return {
    maxPayloadLength: MAX_FRAME_BYTES,
    idleTimeout: IDLE_S,
    sendPingsAutomatically: true,
    maxBackpressure: MAX_BUFFERED_BYTES,
    closeOnBackpressureLimit: true,
    upgrade,
    open(socket) {
      const data = socket.getUserData();
      data.connection = new SocketConnection(socket);
      open.add(data.connection);
      data.peer = data.begin(data.connection);
    },
    message(socket, message, isBinary) {
      const { peer, connection } = socket.getUserData();
      if (isBinary) connection?.close(CLOSE.unsupported, "frames are text");
      else peer?.onMessage(Buffer.from(message).toString("utf8"));
    },
    drain(socket) {
      socket.getUserData().peer?.onDrain();
    },
    close(socket) {
      const { connection, peer } = socket.getUserData();
      connection?.ended();
      if (connection !== undefined) open.delete(connection);
      peer?.onClose();
    },
  };
}

/**
 * Upgrades at once, within the callback that brought the request: after a wait the engine may close the connection it
 * has just upgraded, or read what it has freed.
 */
export function accept(
  begin: SocketData["begin"],
  { response, request, context }: { response: HttpResponse; request: HttpRequest; context: us_socket_context_t },
): void {
  response.upgrade<SocketData>(
    { begin },
    request.getHeader("sec-websocket-key"),
    SUBPROTOCOL,
    request.getHeader("sec-websocket-extensions"),
    context,
  );
}

/** The engine throws when a WebSocket is used after its end: after it nothing does anything here. */
export class SocketConnection implements Connection {
  readonly #socket: WebSocket<SocketData>;
  #isOpen = true;

  constructor(socket: WebSocket<SocketData>) {
    this.#socket = socket;
  }

  send(text: Text): "sent" | "buffered" | "dropped" {
    if (!this.#isOpen) return "dropped";
    // 1: on its way, 0: waits in memory, 2: dropped, and the connection is closed for it.
    const status = this.#socket.send(text);
    return status === 1 ? "sent" : status === 0 ? "buffered" : "dropped";
  }

  buffered(): number {
    return this.#isOpen ? this.#socket.getBufferedAmount() : 0;
  }

  cork(task: () => void): void {
    if (this.#isOpen) this.#socket.cork(task);
  }

  follow(topic: StateTopic): void {
    if (this.#isOpen) this.#socket.subscribe(topic);
  }

  unfollow(topic: StateTopic): void {
    if (this.#isOpen) this.#socket.unsubscribe(topic);
  }

  close(code: number, reason: string): void {
    if (this.#isOpen) this.#socket.end(code, reason);
  }

  /** The engine has said that it is over. */
  ended(): void {
    this.#isOpen = false;
  }
}
