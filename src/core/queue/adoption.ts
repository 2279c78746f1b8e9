import type { z } from "../zod.ts";
import type { Clock } from "../clock.ts";
import { describeIssues, parseDropped } from "./envelope.ts";
import { hashKey } from "./file-name.ts";
import { adoptMessage, droppedSchema } from "./message.ts";
import type { IncomingMessage } from "./message.ts";
import { readQueueFile } from "./read-file.ts";
import type { FileStamp } from "./read-file.ts";

/** A file of another program is looked at again after this, when it cannot be read yet, ms. */
export const SECOND_LOOK_MS = 1000;
/** A file that got no second look in this time has gone, ms: looks come every few seconds. */
const FORGET_MS = 60_000;

export type AdoptOutcome<M> = { status: "adopted"; message: M } | { status: "refused"; reason: string };

/** Makes a message of what another program wrote; `id` names it when it does not name itself. */
export type Adopt<M> = (value: unknown, id: string, now: number) => AdoptOutcome<M>;

/** The rule for `incoming/`: only the text is required. */
export const adoptDropped: Adopt<IncomingMessage> = (value, id, now) => {
  const dropped = droppedSchema.safeParse(value);
  if (!dropped.success) return { status: "refused", reason: describeIssues(dropped.error) };
  return { status: "adopted", message: adoptMessage(dropped.data, id, now) };
};

export type Look<M> =
  | { readonly status: "message"; readonly message: M }
  /** Its writer may not be finished: look again after SECOND_LOOK_MS. */
  | { readonly status: "later" }
  | { readonly status: "gone" }
  | { readonly status: "corrupt"; readonly reason: string };

/**
 * Reads the files that other programs drop. One that is no message is looked at a second time unless it is older than
 * a second already, and again as long as it changes: a careless writer may still be writing.
 */
export class Adoption<M> {
  readonly #adopt: Adopt<M>;
  readonly #schema: z.ZodType<M>;
  readonly #clock: Clock;
  /** In order of `at`. */
  readonly #looks = new Map<string, { stamp: string; at: number }>();

  constructor(options: { adopt: Adopt<M>; schema: z.ZodType<M>; clock: Clock }) {
    this.#adopt = options.adopt;
    this.#schema = options.schema;
    this.#clock = options.clock;
  }

  async look(path: string, name: string): Promise<Look<M>> {
    const file = await readQueueFile(path);
    if (file.status === "read") {
      const id = hashKey("d", stampText(name, file.stamp));
      const outcome = this.#parse(file.bytes, id);
      if (outcome.status === "refused") return this.#again(name, file.stamp, outcome.reason);
      this.#looks.delete(name);
      return { status: "message", message: outcome.message };
    }
    if (file.status === "empty") return this.#again(name, file.stamp, "empty");
    this.#looks.delete(name);
    return file.status === "gone" ? file : { status: "corrupt", reason: file.reason };
  }

  #parse(bytes: Buffer, id: string): AdoptOutcome<M> {
    const parsed = parseDropped(bytes);
    if (parsed.status === "corrupt") return { status: "refused", reason: parsed.reason };
    const outcome = this.#adopt(parsed.value, id, this.#clock.now());
    if (outcome.status === "refused") return outcome;
    const checked = this.#schema.safeParse(outcome.message);
    return checked.success
      ? { status: "adopted", message: checked.data }
      : { status: "refused", reason: describeIssues(checked.error) };
  }

  #again(name: string, stamp: FileStamp, reason: string): Look<M> {
    const text = stampText(name, stamp);
    const last = this.#looks.get(name);
    const now = this.#clock.monotonic();
    const unchanged = last !== undefined && last.stamp === text;
    const ripe = unchanged ? now - last.at >= SECOND_LOOK_MS : this.#clock.now() - stamp.modifiedMs > SECOND_LOOK_MS;
    if (ripe) {
      this.#looks.delete(name);
      return { status: "corrupt", reason };
    }
    if (!unchanged) {
      this.#looks.delete(name);
      this.#looks.set(name, { stamp: text, at: now });
    }
    this.#forgetBefore(now - FORGET_MS);
    return { status: "later" };
  }

  #forgetBefore(limit: number): void {
    for (const [name, { at }] of this.#looks) {
      if (at >= limit) return;
      this.#looks.delete(name);
    }
  }
}

function stampText(name: string, stamp: FileStamp): string {
  return `${name}\n${stamp.inode}\n${stamp.modifiedNs}\n${stamp.bytes}`;
}
