import { randomBytes } from "node:crypto";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { DashboardError, Refusal } from "../errors.ts";
import { refused } from "../http.ts";
import type { Answer, Request, Streamed, Whole } from "../http.ts";

const MAX_LOGGED_PATH = 200;

/** What a client is told of an error. Nothing of the machine goes out: that is in the log, under the same id. */
export function answerTo(error: unknown, request: Request, log: Logger): Whole {
  if (error instanceof Refusal) return refused(error);
  if (error instanceof DashboardError) {
    if (error.code === "bad_cursor") return refused(new Refusal("bad_cursor", error.message));
    if (isPassing(error))
      return refused(new Refusal("unavailable", "The dashboard is being stopped: ask again later."));
  }
  const id = report(error, request, log, "a request failed");
  return refused(new Refusal("internal", `Answering failed; the dashboard's log says why, under ${id}.`));
}

/** A body that fails on the way is told of in the log; whoever carries it cuts the connection. */
export function watched(answer: Answer, request: Request, log: Logger): Answer {
  if (answer.kind === "whole") return answer;
  const { kind, headers, run } = answer;
  const watchedRun: Streamed["run"] = async (sink) => {
    try {
      await run(sink);
    } catch (error) {
      if (!sink.signal.aborted && !isPassing(error)) report(error, request, log, "an answer was cut off");
      throw error;
    }
  };
  return { kind, headers, run: watchedRun };
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof DashboardError &&
    ["client_gone", "server_stopping", "sign_in_expired", "stream_closed"].includes(error.code)
  );
}

function report(error: unknown, request: Request, log: Logger, message: string): string {
  const id = randomBytes(4).toString("hex");
  log.error({ id, path: request.path.slice(0, MAX_LOGGED_PATH), error: describeError(error) }, message);
  return id;
}
