import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Connection, Peer, Text } from "../connection.ts";
import { Refusal } from "../errors.ts";
import type { RefusalCode } from "../errors.ts";
import { parseFilter } from "../filter.ts";
import type { History } from "../history.ts";
import type { LiveStates } from "../live-states.ts";
import { CLOSE, STATES, frame } from "../protocol.ts";
import type { ClientFrame, ServerFrame, StateTopic } from "../protocol.ts";
import { TOPIC_NAMES, factsOf, isTopic } from "../topics.ts";
import type { Streams, Topic } from "../topics.ts";
import { Feed } from "./feed.ts";
import { Gate } from "./gate.ts";
import { parseFrame } from "./parse-frame.ts";
import { Rate } from "./rate.ts";
import { checkedCursor, parseStart } from "./start.ts";
import type { Start } from "./start.ts";
import { Subscription } from "./subscription.ts";
import type { Outlet } from "./subscription.ts";

export interface PeerDeps {
  readonly streams: Streams;
  readonly history: History;
  readonly states: LiveStates;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names this run of the program: after another one, a client asks for states anew. */
  readonly boot: string;
}

/** Subscriptions of one connection at most. */
const MOST_SUBSCRIPTIONS = 32;

type Shared = PeerDeps & { readonly feeds: Readonly<Record<Topic, Feed>>; readonly open: Set<SocketPeer> };
type Subscribe = Extract<ClientFrame, { type: "subscribe" }>;

export interface Peers {
  /** What a new connection is given to: it is greeted at once. */
  begin(connection: Connection): Peer;
  /** Of all connections that are open. */
  subscriptions(): number;
}

/** What all connections share of a stream is made here, once. */
export function peersOver(deps: PeerDeps): Peers {
  const feedOf = (topic: Topic): [Topic, Feed] => [
    topic,
    new Feed(deps.streams[topic], factsOf(topic).bodies.length > 0 ? "slim" : "full", deps.clock),
  ];
  const open = new Set<SocketPeer>();
  const shared = { ...deps, open, feeds: Object.fromEntries(TOPIC_NAMES.map(feedOf)) as Record<Topic, Feed> };
  return {
    begin: (connection) => new SocketPeer(connection, shared),
    subscriptions: () => [...open].reduce((sum, peer) => sum + peer.subscriptions, 0),
  };
}

class SocketPeer implements Peer, Outlet {
  readonly gate: Gate;
  readonly #connection: Connection;
  readonly #shared: Shared;
  readonly #rate: Rate;
  readonly #subscriptions = new Map<string, Subscription | StateTopic>();
  #isClosed = false;

  constructor(connection: Connection, shared: Shared) {
    this.#connection = connection;
    this.#shared = shared;
    this.gate = new Gate(connection, shared.clock);
    this.#rate = new Rate(shared.clock.monotonic());
    shared.open.add(this);
    this.#tell({ type: "welcome", version: 1, boot: shared.boot, topics: [...TOPIC_NAMES, ...STATES] });
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  onMessage(text: string): void {
    if (this.#isClosed) return;
    const given = parseFrame(text);
    const verdict = this.#rate.take(this.#shared.clock.monotonic(), given.frame?.type === "ack");
    if (verdict === "flood") {
      this.#end();
      this.#connection.close(CLOSE.policy, "too many frames");
    } else if (verdict === "over") {
      this.#refuse(given.id, "too_many", "More than 20 frames a second: send fewer, or the connection is closed.");
    } else if (given.frame === undefined) {
      this.#refuse(given.id, "bad_request", given.message);
    } else {
      this.#safely(given.frame);
    }
  }

  onDrain(): void {
    if (!this.#isClosed) this.gate.admit();
  }

  onClose(): void {
    this.#end();
  }

  send(text: Text): boolean {
    if (this.#isClosed) return false;
    if (this.#connection.send(text) !== "dropped") {
      // Whatever it is, there may be something in it to ack.
      this.#rate.allowAck();
      return true;
    }
    this.#end();
    return false;
  }

  cork(task: () => void): void {
    if (!this.#isClosed) this.#connection.cork(task);
  }

  #safely(given: ClientFrame): void {
    try {
      this.#handle(given);
    } catch (error) {
      const id = "id" in given ? given.id : undefined;
      if (error instanceof Refusal) {
        this.#refuse(id, error.code, error.message);
        return;
      }
      this.#shared.log.error({ type: given.type, error: describeError(error) }, "a frame failed");
      this.#refuse(id, "internal", "This frame failed here; the log of the dashboard has more.");
    }
  }

  #handle(given: ClientFrame): void {
    switch (given.type) {
      case "ping":
        this.#tell({ type: "pong", t: given.t });
        break;
      case "ack":
        this.#ack(given.id, checkedCursor(given.cursor));
        break;
      case "unsubscribe":
        this.#unsubscribe(given.id);
        break;
      case "subscribe":
        this.#subscribe(given);
    }
  }

  /** Of an id that has been unsubscribed meanwhile: late, and nothing to be told. */
  #ack(id: string, cursor: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription instanceof Subscription) subscription.ack(cursor);
  }

  #subscribe({ id, topic, from, filter }: Subscribe): void {
    if (this.#subscriptions.has(id)) {
      throw new Refusal("bad_request", `The id ${id} is in use: take another, or unsubscribe it first.`);
    }
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) {
      throw new Refusal("too_many", `A connection has ${MOST_SUBSCRIPTIONS} subscriptions at most: unsubscribe one.`);
    }
    const start = parseStart(from);
    const parsed = filter === undefined ? {} : parseFilter(filter);
    const state = STATES.find((name) => name === topic);
    if (state !== undefined) this.#followState(id, state);
    else if (isTopic(topic)) this.#followRows(id, topic, start, parsed);
    else
      throw new Refusal("unknown_topic", `There is no topic of this name: ${[...TOPIC_NAMES, ...STATES].join(", ")}.`);
  }

  #followRows(id: string, topic: Topic, start: Start, filter: ReturnType<typeof parseFilter>): void {
    const { feeds, history, clock, log } = this.#shared;
    const feed = feeds[topic];
    const subscription = new Subscription({ id, topic, start, filter, feed, history, outlet: this, clock, log });
    this.#subscriptions.set(id, subscription);
    subscription.start();
  }

  /** Sent and followed in one go: what is published later is newer. States bear no id: they come once for all ids. */
  #followState(id: string, topic: StateTopic): void {
    if (!this.#follows(topic)) this.#connection.follow(topic);
    this.#subscriptions.set(id, topic);
    const state = this.#shared.states.current(topic);
    if (state !== undefined) this.send(state.text);
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) throw new Refusal("not_found", `There is no subscription ${id}.`);
    this.#subscriptions.delete(id);
    if (subscription instanceof Subscription) subscription.close();
    else if (!this.#follows(subscription)) this.#connection.unfollow(subscription);
  }

  #follows(topic: StateTopic): boolean {
    return [...this.#subscriptions.values()].includes(topic);
  }

  #refuse(id: string | undefined, code: RefusalCode, message: string): void {
    const about = id === undefined ? {} : { id, ...(this.#subscriptions.has(id) ? {} : { closed: true as const }) };
    this.#tell({ type: "error", ...about, code, message });
  }

  #tell(content: Exclude<ServerFrame, { type: "rows" }>): void {
    this.send(frame(content));
  }

  /** The connection is gone, or as good as. */
  #end(): void {
    this.#isClosed = true;
    this.#shared.open.delete(this);
    this.gate.close();
    for (const subscription of this.#subscriptions.values()) {
      if (subscription instanceof Subscription) subscription.close();
    }
    this.#subscriptions.clear();
  }
}
