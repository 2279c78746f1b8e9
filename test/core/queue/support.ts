import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Clock } from "../../../src/core/clock.ts";
import type { Logger } from "../../../src/core/log.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import type { IncomingMessage } from "../../../src/core/queue/message.ts";

/** Time that moves when told to. */
export class ManualClock implements Clock {
  #ms = 1_760_000_000_000;
  readonly #timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#ms + ms, task };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  advance(ms: number): void {
    this.#ms += ms;
    const due = [...this.#timers].filter((timer) => timer.at <= this.#ms);
    for (const timer of due) if (this.#timers.delete(timer)) timer.task();
  }
}

/** Keeps what was logged. */
export class TestLog implements Logger {
  readonly lines: { level: string; message: string; fields: object }[] = [];
  debug = this.#at("debug");
  info = this.#at("info");
  warn = this.#at("warn");
  error = this.#at("error");

  #at(level: string): (fields: object, message: string) => void {
    return (fields, message) => this.lines.push({ level, message, fields });
  }
}

const closers = new WeakMap<TestContext, (() => Promise<void>)[]>();

/** A folder of the test's own, removed after it. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tinyclaw-queue-"));
  closers.set(t, []);
  t.after(async () => {
    for (const close of closers.get(t) ?? []) await close();
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}

/** Closes after the test what works in its folder, before that is removed. */
export function closeAfter(t: TestContext, close: () => Promise<void>): void {
  closers.get(t)?.push(close);
}

export function message(messageId: string, fields: Partial<IncomingMessage> = {}): IncomingMessage {
  return {
    channel: "telegram",
    source: "user",
    threadId: 5,
    messageId,
    sender: "Tester",
    message: `text of ${messageId}`,
    timestamp: 1_760_000_000_000,
    ...fields,
  };
}

/** Rings the doorbell and claims: a claim waits for the look that was asked for before it. */
export function claimNow<M>(consumer: Consumer<M>): Promise<Claim<M> | undefined> {
  consumer.notify();
  return consumer.claim();
}

/** A claim that must be there. */
export async function mustClaim<M>(consumer: Consumer<M>): Promise<Claim<M>> {
  const claim = await claimNow(consumer);
  if (claim === undefined) throw new Error("nothing to claim");
  return claim;
}

/** Commits what there is; answers the keys in the order they came. */
export async function drain<M>(consumer: Consumer<M>): Promise<string[]> {
  const keys: string[] = [];
  for (let claim = await claimNow(consumer); claim !== undefined; claim = await claimNow(consumer)) {
    keys.push(claim.key);
    await consumer.commit(claim);
  }
  return keys;
}
