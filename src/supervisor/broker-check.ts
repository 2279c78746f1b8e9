import { z } from "../core/zod.ts";
import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { getText } from "../core/node-http.ts";

/** What the status says of the credential broker. */
export interface BrokerState {
  /** The broker's own word (`ok`, `degraded`, `not_configured`, `failed` …), `down`, or `unknown` before the first look. */
  readonly state: string;
  /** Epoch ms; of the start where there is nothing to look at. */
  readonly checkedAt: number;
  readonly startedAt?: number;
  readonly detail?: string;
}

const answerSchema = z.looseObject({
  status: z.string().max(40),
  started_at: z.number().optional(),
  problems: z.array(z.string().max(500)).optional(),
});

const EVERY_MS = 10_000;
const ASK_MS = 2_000;

/** Looks at the broker's `/readyz` every 10 s, so that those who may not reach the broker can be told how it is. */
export class BrokerCheck {
  readonly #url: string | undefined;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => undefined;
  #state: BrokerState;

  constructor(url: string | undefined, clock: Clock, onChange: () => void) {
    this.#url = url;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#state = { state: url === undefined ? "not_configured" : "unknown", checkedAt: clock.now() };
  }

  get state(): BrokerState {
    return this.#state;
  }

  start(): void {
    if (this.#url !== undefined) void this.#look(this.#url);
  }

  stop(): void {
    this.#stopped.abort();
    this.#cancel();
  }

  async #look(url: string): Promise<void> {
    const before = this.#state.state;
    const found = await this.#ask(url);
    if (this.#stopped.signal.aborted) return;
    this.#state = { ...found, checkedAt: this.#clock.now() };
    if (before !== found.state) this.#onChange();
    this.#cancel = this.#clock.after(EVERY_MS, () => void this.#look(url));
  }

  async #ask(url: string): Promise<Omit<BrokerState, "checkedAt">> {
    try {
      const text = await withDeadline(ASK_MS, this.#stopped.signal, (signal) => getText(`${url}/readyz`, signal));
      const { status, started_at, problems } = answerSchema.parse(JSON.parse(text));
      return {
        state: status,
        ...(started_at === undefined ? {} : { startedAt: started_at }),
        ...(problems === undefined || problems.length === 0 ? {} : { detail: problems.join(" ") }),
      };
    } catch (error) {
      return {
        state: "down",
        detail: error instanceof z.ZodError ? "it answers like no broker" : describeError(error),
      };
    }
  }
}
