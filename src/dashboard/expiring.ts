import type { Clock } from "../core/clock.ts";
import { DashboardError } from "./errors.ts";
import type { Answer } from "./http.ts";

/** An answer that does not go on past `until`, epoch ms: whoever reads it must show itself anew by then. */
export function expiring(answer: Answer, until: number | undefined, clock: Clock): Answer {
  if (answer.kind === "whole" || until === undefined) return answer;
  return {
    ...answer,
    async run(sink) {
      const end = new AbortController();
      const onAbort = (): void => {
        end.abort(sink.signal.reason);
      };
      if (sink.signal.aborted) onAbort();
      else sink.signal.addEventListener("abort", onAbort, { once: true });
      const cancel = clock.after(until - clock.now(), () => {
        end.abort(new DashboardError("sign_in_expired", "The sign-in has expired: sign in again."));
      });
      try {
        await answer.run({ signal: end.signal, write: (text) => sink.write(text) });
      } finally {
        cancel();
        sink.signal.removeEventListener("abort", onAbort);
      }
    },
  };
}
