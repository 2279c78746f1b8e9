import { WebSocket } from "ws";

interface Row {
  readonly cursor: string;
  readonly n: number;
  /** When it was written, epoch ms. */
  readonly at: number;
}

type Frame =
  | { readonly type: "rows"; readonly last: string; readonly rows: readonly Row[] }
  | { readonly type: "live"; readonly cursor: string | null }
  | { readonly type: "gap"; readonly to: string }
  | { readonly type: "welcome" | "pong" | "error" };

export interface Report {
  /** Of the last row, which is how many there were when nothing is wrong. */
  readonly last: number;
  /** Rows that were not the one after that before them. */
  readonly wrong: readonly string[];
  readonly others: readonly string[];
  readonly connections: number;
}

/**
 * Follows the history as a page does: it acks, and after a cut goes on from its last cursor. It keeps no rows, but
 * looks whether each is the next.
 */
export class HistoryFollower {
  readonly #url: string;
  readonly #onRow: (row: Row) => void;
  readonly #wrong: string[] = [];
  readonly #others: string[] = [];
  #cursor: string | undefined;
  #last = 0;
  #connections = 0;
  #isClosed = false;
  #socket: WebSocket | undefined;
  readonly ready: Promise<void>;
  #onReady: () => void = () => undefined;

  constructor(url: string, onRow: (row: Row) => void = () => undefined) {
    this.#url = url;
    this.#onRow = onRow;
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
    this.#connect();
  }

  get last(): number {
    return this.#last;
  }

  report(): Report {
    return { last: this.#last, wrong: this.#wrong, others: this.#others, connections: this.#connections };
  }

  /** Without a word, as a network does. */
  cut(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.#isClosed = true;
    this.cut();
  }

  #connect(): void {
    if (this.#isClosed) return;
    this.#connections += 1;
    const socket = new WebSocket(`${this.#url.replace("http", "ws")}/ws`, "tinyclaw.v1", {
      headers: { origin: this.#url },
    });
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("open", () => {
      const from = this.#cursor ?? "now";
      socket.send(JSON.stringify({ type: "subscribe", id: "a", topic: "messages", from }));
    });
    socket.on("message", (data: Buffer) => {
      // What was on its way when it was cut does not count.
      if (socket === this.#socket && socket.readyState === WebSocket.OPEN) this.#take(data, socket);
    });
    socket.on("close", () => {
      this.#connect();
    });
  }

  #take(data: Buffer, socket: WebSocket): void {
    const text = data.toString("utf8");
    const frame = JSON.parse(text) as Frame;
    switch (frame.type) {
      case "rows":
        for (const row of frame.rows) {
          if (row.n !== this.#last + 1) this.#wrong.push(`${row.n} after ${this.#last}`);
          this.#last = row.n;
          this.#onRow(row);
        }
        this.#cursor = frame.last;
        socket.send(JSON.stringify({ type: "ack", id: "a", cursor: frame.last }));
        break;
      case "live":
        this.#cursor = frame.cursor ?? this.#cursor;
        this.#onReady();
        break;
      case "welcome":
        break;
      default:
        this.#others.push(text);
    }
  }
}
