import type { Clock } from "../core/clock.ts";
import type { Access, Entry } from "./access/access.ts";
import type { Connection, Peer } from "./connection.ts";
import { Refusal } from "./errors.ts";
import { refused } from "./http.ts";
import type { Request } from "./http.ts";
import { CLOSE, SUBPROTOCOL } from "./protocol.ts";
import type { Upgrade } from "./server.ts";

export interface UpgradeDeps {
  readonly access: Pick<Access, "checkUpgrade">;
  readonly clock: Clock;
  /** WebSockets open now, and at most. */
  readonly sockets: () => number;
  readonly maxSockets: number;
  readonly begin: (connection: Connection) => Peer;
}

/** Frames kept of a client whose verdict is not there yet: a page sends one a view. */
const MAX_HELD = 32;

/** Decides at once on an upgrade to a WebSocket. */
export function decideUpgrade(request: Request, deps: UpgradeDeps): Upgrade {
  const entry = deps.access.checkUpgrade(request);
  if (entry.status === "refused") return refuse(entry.refusal);
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    return refuse(new Refusal("bad_request", `This WebSocket speaks ${SUBPROTOCOL}: offer it as the subprotocol.`));
  }
  if (deps.sockets() >= deps.maxSockets) {
    const message = `${deps.maxSockets} WebSockets are open, which is the limit: close one, or try again later.`;
    return refuse(new Refusal("too_many", message));
  }
  if (entry.status === "held") return { status: "open", peer: (connection) => hold(connection, entry.verdict, deps) };
  return { status: "open", peer: (connection) => beginUntil(connection, entry.until, deps) };
}

function refuse(refusal: Refusal): Upgrade {
  return { status: "refused", answer: refused(refusal) };
}

/** A peer who is shown out when the JWT that he came with expires. */
function beginUntil(connection: Connection, until: number | undefined, { begin, clock }: UpgradeDeps): Peer {
  const peer = begin(connection);
  if (until === undefined) return peer;
  const cancel = clock.after(until - clock.now(), () => {
    connection.close(CLOSE.unauthenticated, "the sign-in has expired");
  });
  return {
    onMessage: (text) => peer.onMessage(text),
    onDrain: () => peer.onDrain(),
    onClose() {
      cancel();
      peer.onClose();
    },
  };
}

/** Neither heard nor answered until the verdict is there; then what it has sent meanwhile is taken up. */
function hold(connection: Connection, verdict: Promise<Entry>, deps: UpgradeDeps): Peer {
  const kept: string[] = [];
  let peer: Peer | undefined;
  let isClosed = false;
  const judge = async (): Promise<void> => {
    const entry = await verdict;
    if (isClosed) return;
    if (entry.status === "refused") {
      connection.close(CLOSE.unauthenticated, "the JWT is not valid");
      return;
    }
    connection.cork(() => {
      peer = beginUntil(connection, entry.until, deps);
      for (const text of kept) peer.onMessage(text);
    });
  };
  void judge();
  return {
    onMessage(text) {
      if (peer !== undefined) peer.onMessage(text);
      else if (kept.push(text) > MAX_HELD) connection.close(CLOSE.policy, "too many frames before the welcome");
    },
    onDrain: () => peer?.onDrain(),
    onClose() {
      isClosed = true;
      peer?.onClose();
    },
  };
}
