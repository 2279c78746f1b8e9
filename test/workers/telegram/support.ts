/** What the tests of the Telegram worker share: a clock to turn by hand, a log to look into, a chat without Telegram. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Message, Update } from "grammy/types";
import { systemClock, type Clock } from "../../../src/core/clock.ts";
import type { DiskLevel } from "../../../src/core/disk.ts";
import type { DiskView } from "../../../src/core/disk-watch.ts";
import type { Logger } from "../../../src/core/log.ts";
import type { Chat, Emoji } from "../../../src/workers/telegram/chat.ts";
import type { ChunkState, Deliveries } from "../../../src/workers/telegram/deliveries.ts";

/** A folder of the test's own; `release` is awaited before it goes, so that nobody still writes into it. */
export async function temporaryDirectory(
  t: TestContext,
  release: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tinyclaw-telegram-"));
  t.after(async () => {
    await release();
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}

/** A log that keeps its lines, as they would be written. */
export interface LogLines extends Logger {
  readonly lines: string[];
  /** The lines of that level. */
  at(level: string): string[];
}

export function createLogLines(): LogLines {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push(JSON.stringify({ level, message, ...fields }));
    };
  return {
    lines,
    at: (level) => lines.filter((line) => line.startsWith(`{"level":"${level}"`)),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

/** Real time, `factor` times as fast as it sleeps: pauses of seconds take milliseconds. */
export function hurriedClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
    after: (ms, task) => systemClock.after(ms / factor, task),
  };
}

/** A disk whose level the test sets, and what it was told of. */
export interface TestDisk extends DiskView {
  level: DiskLevel;
  readonly suspected: unknown[];
}

export function roomyDisk(): TestDisk {
  const suspected: unknown[] = [];
  return { level: "ok", suspected, suspect: (error) => void suspected.push(error) };
}

export interface ManualClock extends Clock {
  /** Lets `ms` pass, running what falls due on the way. */
  pass(ms: number): Promise<void>;
}

export function manualClock(): ManualClock {
  let time = 1_000;
  let tasks: { at: number; task: () => void }[] = [];
  const after = (ms: number, task: () => void): (() => void) => {
    const entry = { at: time + ms, task };
    tasks.push(entry);
    return () => {
      tasks = tasks.filter((other) => other !== entry);
    };
  };
  return {
    now: () => time,
    monotonic: () => time,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = (): void => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    async pass(ms) {
      const end = time + ms;
      await settled();
      for (;;) {
        const next = tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        tasks = tasks.filter((other) => other !== next);
        time = next.at;
        next.task();
        await settled();
      }
      time = end;
      await settled();
    },
  };
}

/** Lets everything run that waits for nothing but its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface FakeChat extends Chat {
  /** `type 5`, `react 10 👀`, `send 5 text`, in the order of the calls. */
  readonly calls: string[];
  /** Awaited before the call takes effect; a rejection is the call's own. */
  before: (call: string) => Promise<void>;
}

export function fakeChat(): FakeChat {
  let id = 100;
  const chat: FakeChat = {
    calls: [],
    before: () => Promise.resolve(),
    send: (threadId, text) => {
      id += 1;
      return did(`send ${threadId} ${text}`).then(() => id);
    },
    react: (messageId: number, emoji: Emoji) => did(`react ${messageId} ${emoji}`),
    type: (threadId) => did(`type ${threadId}`),
  };
  async function did(call: string): Promise<void> {
    await chat.before(call);
    chat.calls.push(call);
  }
  return chat;
}

export const CHAT_ID = -1001234567890;

/** A message of topic 5, written by user 7; `fields` come on top. */
export function chatMessage(fields: Partial<Message>): Message {
  const chat = { id: CHAT_ID, type: "supergroup", title: "Team", is_forum: true } as const;
  const from = { id: 7, is_bot: false, first_name: "Tester" } as const;
  const topic = { message_thread_id: 5, is_topic_message: true } as const;
  return { message_id: 10, date: 1_760_000_000, chat, from, ...topic, ...fields };
}

export function update(fields: Partial<Message>, updateId = 42): Update {
  return { update_id: updateId, message: chatMessage(fields) } as Update;
}

/** What is known of chunks, in memory; `states` may be filled beforehand: `<key> <chunk>`. */
export function memoryDeliveries(): Deliveries & { readonly states: Map<string, ChunkState> } {
  const states = new Map<string, ChunkState>();
  const set = (state: ChunkState) => (key: string, chunk: string) => void states.set(`${key} ${chunk}`, state);
  return {
    states,
    stateOf: (key, chunk) => states.get(`${key} ${chunk}`) ?? "unsent",
    intend: () => Promise.resolve(),
    posted(key, chunk) {
      set("sent")(key, chunk);
      return Promise.resolve();
    },
    refused: set("unsent"),
    forget(key) {
      for (const name of states.keys()) if (name.startsWith(`${key} `)) states.delete(name);
    },
    close: () => undefined,
  };
}
