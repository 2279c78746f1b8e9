/** Who the App is: for `git commit`, and as proof that its key is its own. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { GitHubApi } from "./github-api.ts";

export interface AppIdentity {
  readonly slug: string;
  /** Of the account `<slug>[bot]`; undefined where GitHub does not tell. */
  readonly bot_user_id: number | undefined;
  /** Author and committer of the App's commits. */
  readonly name: string;
  readonly email: string;
}

const DEADLINE_MS = 8000;
const AGAIN_MS = 30_000;

/** Asks GitHub until it tells; runs from `start` to `stop`. */
export class Identity {
  readonly #options: { api: GitHubApi; appId: string; webHost: string; clock: Clock; log: Logger };
  #known: AppIdentity | undefined;
  #problem: string | undefined;
  #asking: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: { api: GitHubApi; appId: string; webHost: string; clock: Clock; log: Logger }) {
    this.#options = options;
  }

  get known(): AppIdentity | undefined {
    return this.#known;
  }

  /** A key that is another App's. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks now, as at the start and after a change of the keys. Never rejects. */
  ask(): Promise<void> {
    this.#cancel?.();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
      if (!this.#stopped && this.#known?.bot_user_id === undefined) {
        this.#cancel = this.#options.clock.after(AGAIN_MS, () => void this.ask());
      }
    });
    return this.#asking;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #ask(): Promise<void> {
    const { api, appId, webHost, clock, log } = this.#options;
    const app = await api.app(clock.monotonic() + DEADLINE_MS);
    if (app.status === "failed") return;
    const { slug, id } = app.value;
    this.#problem =
      /^\d+$/.test(appId) && id !== Number(appId)
        ? `The key is that of App ${id}, GITHUB_APP_ID says ${appId}.`
        : undefined;
    const login = `${slug}[bot]`;
    const user = await api.userId(login, clock.monotonic() + DEADLINE_MS);
    const botUserId = user.status === "ok" ? user.value : undefined;
    const local = botUserId === undefined ? login : `${botUserId}+${login}`;
    this.#known = {
      slug,
      bot_user_id: botUserId,
      name: login,
      email: `${local}@users.noreply.${webHost.replace(/:\d+$/, "")}`,
    };
    log.info({ app: this.#known }, "GitHub knows the App");
  }
}
