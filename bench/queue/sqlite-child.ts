/** A queue in SQLite as most write it: a row a message. Runs on a Node that has SQLite, and answers one call at a time. */
import path from "node:path";
import type { Left } from "./contender.ts";
import { message } from "./folders.ts";

/** What is asked of this process. */
export type Call =
  | { readonly call: "enqueue" | "claimed" }
  | { readonly call: "together"; readonly count: number }
  | { readonly call: "fill"; readonly name: string; readonly count: number }
  | { readonly call: "claim"; readonly name: string }
  | { readonly call: "recover"; readonly count: number; readonly left: Left };

/** The part of `node:sqlite` that is used; the types of the oldest Node do not have it. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
  close(): void;
}
const MODULE: string = "node:sqlite";
const { DatabaseSync } = (await import(MODULE)) as { DatabaseSync: new (file: string) => Database };

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, key TEXT UNIQUE, lane INTEGER, state INTEGER, body TEXT);
  CREATE INDEX IF NOT EXISTS by_state ON messages (state, id);
`;
const [, , root = "."] = process.argv;
const queues = new Map<string, ReturnType<typeof open>>();
let stored = 0;

function open(name: string) {
  const db = new DatabaseSync(path.join(root, `${name}.sqlite`));
  db.exec(SCHEMA);
  const insert = db.prepare("INSERT INTO messages (key, lane, state, body) VALUES (?, ?, 0, ?)");
  const take = db.prepare(
    "UPDATE messages SET state = 1 WHERE id = (SELECT id FROM messages WHERE state = 0 ORDER BY id LIMIT 1) RETURNING id, body",
  );
  const remove = db.prepare("DELETE FROM messages WHERE id = ?");
  return {
    db,
    store: (): void => {
      stored += 1;
      const one = message(stored);
      insert.run(one.messageId, one.threadId, JSON.stringify(one));
    },
    claim: (): number => {
      const { took, value } = timed(() => {
        const row = take.get() as { id: number; body: string };
        JSON.parse(row.body);
        return row.id;
      });
      remove.run(value);
      return took;
    },
  };
}

function queue(name: string): ReturnType<typeof open> {
  const known = queues.get(name) ?? open(name);
  queues.set(name, known);
  return known;
}

function timed<T>(task: () => T): { took: number; value: T } {
  const started = performance.now();
  const value = task();
  return { took: performance.now() - started, value };
}

function fill(name: string, count: number): void {
  const { db, store } = queue(name);
  db.exec("BEGIN");
  for (let n = 0; n < count; n += 1) store();
  db.exec("COMMIT");
}

function recover(count: number, left: Left): number {
  const name = `recover-${left}-${stored}`;
  fill(name, count);
  const { db } = queue(name);
  if (left !== "waiting") db.exec("UPDATE messages SET state = 1");
  db.close();
  queues.delete(name);
  const { took, value } = timed(() => {
    const again = queue(name).db;
    again.exec("UPDATE messages SET state = 0 WHERE state = 1");
    return again.prepare("SELECT count(*) AS count FROM messages WHERE state = 0").get() as { count: number };
  });
  if (value.count !== count) throw new Error(`SQLite has ${value.count} of ${count} messages after a kill`);
  return took;
}

function answer(asked: Call): number {
  switch (asked.call) {
    case "enqueue":
      return timed(() => {
        queue("main").store();
      }).took;
    case "claimed":
      queue("waiting").store();
      return queue("waiting").claim();
    case "together":
      return timed(() => {
        for (let n = 0; n < asked.count; n += 1) queue("main").store();
      }).took;
    case "fill":
      fill(asked.name, asked.count);
      return 0;
    case "claim":
      return queue(asked.name).claim();
    case "recover":
      return recover(asked.count, asked.left);
  }
}

process.on("message", (asked: Call) => {
  process.send?.(answer(asked));
});
process.on("disconnect", () => {
  for (const { db } of queues.values()) db.close();
});
