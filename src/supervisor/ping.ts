import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { describeError, errorCode } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

const EVERY_MS = 60_000;
const ASK_MS = 10_000;

export interface PingDeps {
  /** The address, or undefined where none is set. Asked before each ping, so that a change needs no restart. */
  readonly url: () => Promise<string | undefined>;
  readonly isWell: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A dead man's switch: asks `pingUrl` once a minute while all is well, so that whoever keeps watch there raises the
 * alarm when it stays out. One request at a time. The address is as good as a password: it is logged by its host alone.
 */
export class Ping {
  readonly #deps: PingDeps;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => undefined;
  #state: "idle" | "running" = "idle";
  #failing = false;

  constructor(deps: PingDeps) {
    this.#deps = deps;
  }

  /** The first ping goes out at once. May be called again. */
  start(): void {
    if (this.#state === "running" || this.#stopped.signal.aborted) return;
    this.#state = "running";
    void this.#round();
  }

  stop(): void {
    this.#stopped.abort();
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { clock } = this.#deps;
    const begun = clock.monotonic();
    await this.#pingIfWell();
    if (this.#stopped.signal.aborted) return;
    this.#cancel = clock.after(Math.max(0, begun + EVERY_MS - clock.monotonic()), () => void this.#round());
  }

  async #pingIfWell(): Promise<void> {
    const { url: askUrl, isWell, log } = this.#deps;
    const url = await askUrl().catch(() => undefined);
    if (url === undefined || !(await isWell())) return;
    const host = URL.canParse(url) ? new URL(url).host : "";
    const failure = await this.#ask(url);
    if (this.#stopped.signal.aborted) return;
    if (failure === undefined && this.#failing) log.info({ host }, "pingUrl answers again");
    if (failure !== undefined && !this.#failing) {
      log.warn({ host, reason: failure }, "pingUrl does not answer; this is said once, and it is tried each minute");
    }
    this.#failing = failure !== undefined;
  }

  /** Why it did not work. */
  async #ask(url: string): Promise<string | undefined> {
    try {
      const status = await withDeadline(ASK_MS, this.#stopped.signal, async (signal) => {
        const response = await fetch(url, { signal, headers: { "user-agent": "tinyclaw" } });
        // A body left unread would keep the connection.
        await response.body?.cancel();
        return response.status;
      });
      return status >= 200 && status < 300 ? undefined : `status ${status}`;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

/** Without the message of a fault that would quote the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { cause } = error;
  if (cause !== undefined) return errorCode(cause) ?? (cause instanceof Error ? cause.name : "unknown");
  return error instanceof TypeError ? error.name : describeError(error);
}
