import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpResponse } from "uWebSockets.js";
import { Reply } from "../../../src/dashboard/server/reply.ts";

/** What an engine is told, in order. Whether it has room is up to the test. */
class Engine {
  readonly told: string[] = [];
  hasRoom = true;
  onAborted: () => void = () => undefined;
  onWritable: () => void = () => undefined;

  get response(): HttpResponse {
    const fake: Partial<Record<keyof HttpResponse, unknown>> = {
      onAborted: (listener: () => void) => (this.onAborted = listener),
      onWritable: (listener: () => void) => (this.onWritable = listener),
      cork: (task: () => void) => task(),
      writeStatus: (status: string) => this.told.push(status),
      writeHeader: () => undefined,
      write: (text: string) => {
        this.told.push(`write ${JSON.stringify(text)}`);
        return this.hasRoom;
      },
      end: () => this.told.push("end"),
      endWithoutBody: () => this.told.push("end without a body"),
      close: () => this.told.push("close"),
    };
    return fake as unknown as HttpResponse;
  }
}

const stream = (pieces: readonly string[]) => ({
  kind: "stream" as const,
  headers: {},
  async run(sink: { write: (text: string) => Promise<void> }) {
    for (const piece of pieces) await sink.write(piece);
  },
});

test("an empty piece, which in chunks is the end, is never handed to the engine", async () => {
  const engine = new Engine();
  await new Reply(engine.response, false).answer(stream(["", "a", "", "b"]), {});
  assert.deepEqual(engine.told, ["200 OK", 'write "a"', 'write "b"', "end"]);
});

test("what the engine has no room for is waited with, and a client that leaves meanwhile is not written to", async () => {
  const engine = new Engine();
  engine.hasRoom = false;
  const reply = new Reply(engine.response, false);
  const answered = reply.answer(stream(["a", "b", "c"]), {});
  assert.deepEqual([engine.told, reply.isWriting], [["200 OK", 'write "a"'], true]);
  engine.onWritable();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(engine.told.slice(2), ['write "b"']);
  engine.onAborted();
  await assert.rejects(answered, { code: "client_gone" });
  assert.deepEqual([engine.told.slice(3), reply.isWriting, reply.signal.aborted], [[], false, true]);
});
