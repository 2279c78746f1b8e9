import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { encodeEnvelope, parseDropped, parseEnvelope } from "../../../src/core/queue/envelope.ts";

test("a file is two lines: the message, then the checksum and length of the first", () => {
  const [first = "", second = "", rest] = encodeEnvelope({ message: "né\n" }).toString().split("\n");
  assert.deepEqual(JSON.parse(first), { message: "né\n" });
  const bytes = Buffer.from(first);
  assert.deepEqual(JSON.parse(second), { crc32: crc32(bytes).toString(16).padStart(8, "0"), bytes: bytes.length });
  assert.equal(rest, "");
});

test("a file cut anywhere, or changed in any byte, is corrupt", () => {
  const whole = encodeEnvelope({ message: "hello" });
  assert.deepEqual(parseEnvelope(whole), { status: "ok", value: { message: "hello" } });
  // Without its very last byte, a line end, nothing is missing.
  for (let end = 0; end < whole.length - 1; end += 1) {
    assert.equal(parseEnvelope(whole.subarray(0, end)).status, "corrupt", `cut at ${end}`);
  }
  for (let at = 0; at < whole.indexOf("\n") + 1; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(parseEnvelope(changed).status, "corrupt", `changed at ${at}`);
  }
});

test("a dropped file is its first line, or else the whole of it, as JSON", () => {
  const value = { message: "hello" };
  for (const text of [
    '{"message":"hello"}',
    '{"message":"hello"}\n',
    '{"message":"hello"}\nrest',
    JSON.stringify(value, null, 2),
  ]) {
    assert.deepEqual(parseDropped(Buffer.from(text)), { status: "ok", value });
  }
  for (const bytes of [Buffer.from('{"message":"hel'), Buffer.from([0x22, 0xff, 0x22])]) {
    assert.equal(parseDropped(bytes).status, "corrupt");
  }
});
