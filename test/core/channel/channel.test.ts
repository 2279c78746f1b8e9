import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { openChannel, type Handlers } from "../../../src/core/channel/channel.ts";
import type { ChannelError } from "../../../src/core/channel/errors.ts";
import { CHANNEL_VERSION } from "../../../src/core/channel/protocol.ts";

/** What the two ends of a test say to each other. */
interface Talk {
  number: { value: number };
  line: { port: MessagePort };
  over: Readonly<Record<string, never>>;
}

/** Both ends of a real port; the second one is for raw messages. */
function ports(t: TestContext): { near: MessagePort; far: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  t.after(() => {
    port1.close();
  });
  return { near: port1, far: port2 };
}

interface Heard {
  readonly numbers: number[];
  readonly errors: ChannelError[];
  /** Resolves when the other end has said `over`. */
  readonly over: Promise<void>;
}

function listen(port: MessagePort): Heard {
  const heard = { numbers: [] as number[], errors: [] as ChannelError[] };
  const over = new Promise<void>((resolve) => {
    const handlers: Handlers<Talk> = {
      number: ({ value }) => heard.numbers.push(value),
      line: ({ port }) => {
        port.postMessage("through the new line");
      },
      over: () => {
        resolve();
      },
    };
    openChannel<Talk, Talk>(port, handlers, (error) => heard.errors.push(error));
  });
  return { ...heard, over };
}

const silent: Handlers<Talk> = { number: () => undefined, line: () => undefined, over: () => undefined };
const unexpected = (error: ChannelError): never => assert.fail(error);

test("notices arrive whole and in order", async (t) => {
  const { near, far } = ports(t);
  const heard = listen(near);
  const channel = openChannel<Talk, Talk>(far, silent, unexpected);
  for (const value of [1, 2, 3]) channel.send("number", { value });
  channel.send("over", {});
  await heard.over;
  assert.deepEqual([heard.numbers, heard.errors], [[1, 2, 3], []]);
});

test("a port handed over in a notice is a line of its own", async (t) => {
  const { near, far } = ports(t);
  listen(near);
  const line = new MessageChannel();
  openChannel<Talk, Talk>(far, silent, unexpected).send("line", { port: line.port1 }, [line.port1]);
  const [said] = (await once(line.port2, "message")) as [string];
  line.port2.close();
  assert.equal(said, "through the new line");
});

const foreign: [string, unknown, string | undefined][] = [
  ["another version", { v: CHANNEL_VERSION + 1, name: "number", data: { value: 9 } }, undefined],
  ["no version", { name: "number", data: { value: 9 } }, undefined],
  ["an unknown name", { v: CHANNEL_VERSION, name: "dance", data: {} }, "dance"],
  ["a name that every object has", { v: CHANNEL_VERSION, name: "toString", data: {} }, "toString"],
  ["the name of a prototype", { v: CHANNEL_VERSION, name: "__proto__", data: {} }, "__proto__"],
  ["no data", { v: CHANNEL_VERSION, name: "number" }, undefined],
  ["a bare text", "number", undefined],
  ["nothing", undefined, undefined],
];
for (const [what, message, name] of foreign) {
  test(`${what} is reported as channel_protocol, and what comes after it is heard`, async (t) => {
    const { near, far } = ports(t);
    const heard = listen(near);
    far.postMessage(message);
    const channel = openChannel<Talk, Talk>(far, silent, unexpected);
    channel.send("number", { value: 4 });
    channel.send("over", {});
    await heard.over;
    assert.deepEqual(heard.numbers, [4]);
    assert.deepEqual(
      heard.errors.map((error) => [error.code, error.details["name"]]),
      [["channel_protocol", name]],
    );
  });
}

test("what is said to a line whose other end is gone is swallowed", async (t) => {
  const { near, far } = ports(t);
  const channel = openChannel<Talk, Talk>(near, silent, unexpected);
  const closed = once(near, "close");
  far.close();
  await closed;
  channel.send("number", { value: 1 });
});

test("a worker thread and its parent understand each other", async (t) => {
  const worker = new Worker(new URL("fixtures/doubling.js", import.meta.url));
  t.after(() => worker.terminate());
  const heard = await new Promise<number>((resolve, reject) => {
    const line = worker as unknown as Parameters<typeof openChannel>[0];
    const channel = openChannel<Pick<Talk, "number">, Pick<Talk, "number">>(
      line,
      {
        number: ({ value }) => {
          resolve(value);
        },
      },
      reject,
    );
    channel.send("number", { value: 21 });
  });
  assert.equal(heard, 42);
});

/** Never called: the compiler is the test. */
export function typesOfNotices(port: MessagePort): void {
  const channel = openChannel<Talk, Talk>(port, silent, unexpected);
  // @ts-expect-error a notice the protocol does not know
  channel.send("dance", {});
  // @ts-expect-error data of another notice
  channel.send("number", { port });
  // @ts-expect-error a handler is forgotten
  openChannel<Talk, Talk>(port, { number: () => undefined, line: () => undefined }, unexpected);
}
