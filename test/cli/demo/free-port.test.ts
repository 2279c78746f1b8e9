import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { freePort } from "../../../src/cli/demo/free-port.ts";

test("a port that is taken is passed over, and a free one is left free", async (t) => {
  // Below the ports that the system gives to whoever asks for any.
  const server = createServer().listen(await freePort(21_000), "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port: taken } = server.address() as AddressInfo;
  const found = await freePort(taken);
  assert.ok(found > taken && found < taken + 100);
  assert.equal(await freePort(found), found);
});
