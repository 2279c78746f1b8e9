import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import { ApiError } from "./errors.ts";
import type { Fault } from "./faults.ts";

/** How a call ends, before it is put on the wire: an answer, or a cut connection. `result` is what the effect gave. */
export type Ending =
  | { readonly status: "answer"; readonly code: number; readonly reply: Reply; readonly result?: unknown }
  | { readonly status: "drop"; readonly result?: unknown };

export type Reply =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      readonly error_code: number;
      readonly description: string;
      readonly parameters?: { readonly retry_after: number };
    };

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden: bot was kicked from the supergroup chat",
  500: "Internal Server Error",
  502: "Bad Gateway",
};

/** Runs a call under the fault ordered for it. Rejects with the signal's reason when the client leaves in a pause. */
export async function perform(
  run: () => unknown,
  fault: Fault | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<Ending> {
  if (fault === undefined) return effect(run, signal);
  if (fault.kind === "status") return refusal(fault.code, describe(fault), fault.retryAfter);
  if (fault.kind === "drop") {
    return fault.when === "before"
      ? { status: "drop" }
      : { status: "drop", result: (await effect(run, signal)).result };
  }
  if (fault.when !== "after") await clock.sleep(fault.ms, signal);
  const ending = await effect(run, signal);
  if (fault.when === "after") await clock.sleep(fault.ms, signal);
  return ending;
}

async function effect(run: () => unknown, signal: AbortSignal): Promise<Ending> {
  try {
    const result = await run();
    return { status: "answer", code: 200, reply: { ok: true, result }, result };
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof ApiError) return refusal(error.status, error.description);
    return refusal(500, `Internal Server Error: ${describeError(error)}`);
  }
}

function refusal(code: number, description: string, retryAfter?: number): Ending {
  const reply = { ok: false, error_code: code, description } as const;
  if (retryAfter === undefined) return { status: "answer", code, reply };
  return { status: "answer", code, reply: { ...reply, parameters: { retry_after: retryAfter } } };
}

function describe({ code, retryAfter, description }: Extract<Fault, { kind: "status" }>): string {
  if (description !== undefined) return description;
  if (code === 429) return `Too Many Requests: retry after ${retryAfter ?? 0}`;
  return DESCRIPTIONS[code] ?? "Bad Request: ordered by the sandbox";
}
