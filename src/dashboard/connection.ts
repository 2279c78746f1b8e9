/** A WebSocket as the rest sees it, whatever carries it. */
import type { StateTopic } from "./protocol.ts";

/** As it is, or as UTF-8. */
export type Text = string | Uint8Array;

export interface Connection {
  /**
   * `buffered`: it waits in memory until the client reads, and `onDrain` will tell. `dropped`: it will never arrive,
   * and the connection is being closed.
   */
  send(text: Text): "sent" | "buffered" | "dropped";
  /** Bytes that wait in memory, without those in the kernel. */
  buffered(): number;
  /** Packs what `task` sends into one write. */
  cork(task: () => void): void;
  /** From now on gets what is published of the topic, until `unfollow`; nothing of it is lost track of by us. */
  follow(topic: StateTopic): void;
  unfollow(topic: StateTopic): void;
  /** Tells the client why, and closes. */
  close(code: number, reason: string): void;
}

/** Who is at the other end of one WebSocket, as he is dealt with here. None of it throws. */
export interface Peer {
  /** A text frame of at most 16 KiB. */
  onMessage(text: string): void;
  /** There is room again. */
  onDrain(): void;
  /** The connection is gone; it must not be used any more. */
  onClose(): void;
}
