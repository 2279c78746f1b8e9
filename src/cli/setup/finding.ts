import { onOneLine } from "../terminal.ts";
import type { Probe } from "./ask.ts";

/** What a look at one thing brought. */
export interface Finding {
  /** skipped: could not be looked at, or is not used; no fault. */
  readonly mark: "ok" | "bad" | "skipped";
  readonly what: string;
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const MARKS = { ok: "✓", bad: "✗", skipped: "–" } as const;

export function ok(what: string, detail: string): Finding {
  return { mark: "ok", what, detail };
}

export function bad(what: string, detail: string, remedy: string): Finding {
  return { mark: "bad", what, detail, remedy };
}

export function skipped(what: string, detail: string, remedy?: string): Finding {
  return { mark: "skipped", what, detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** One line; texts of other programs and people cannot break out of it. */
export function findingLine({ mark, what, detail, remedy }: Finding): string {
  return onOneLine(`${MARKS[mark]} ${what}: ${detail}${remedy === undefined ? "" : ` → ${remedy}`}`);
}

/** A probe as a finding; `unreachable` says nothing about the value, and how much it matters is the caller's to say. */
export function probeFinding<T>(
  what: string,
  probe: Probe<T>,
  told: (value: T) => string,
  unreachable: "bad" | "skipped" = "skipped",
): Finding {
  switch (probe.status) {
    case "ok":
      return ok(what, told(probe.value));
    case "refused":
      return bad(what, probe.reason, probe.remedy);
    case "unreachable": {
      const remedy = unreachable === "bad" ? "check this machine's network, name service and firewall" : undefined;
      return {
        mark: unreachable,
        what,
        detail: `not checked, ${probe.reason}`,
        ...(remedy === undefined ? {} : { remedy }),
      };
    }
  }
}
