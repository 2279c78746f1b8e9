/** What is logged with a secret in it, in every place and form that one may stand in, and what the file and the output show. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tempDir } from "../support/temp-dir.ts";
import { FOREIGN, NAMED, SECRETS, SHAPES } from "./fixtures/secret-shapes.ts";

const program = fileURLToPath(new URL("fixtures/logging-secrets.js", import.meta.url));
const run = promisify(execFile);

test("no secret is in any line of the file or of standard output, wherever and however it was logged", async (t) => {
  const dir = await tempDir(t);
  const { stdout, stderr } = await run(process.execPath, [program, dir], { maxBuffer: 64 * 1024 * 1024 });
  const text = await readFile(join(dir, "queue.log"), "utf8");
  assert.equal(stdout, text);
  assert.equal(stderr, "");
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, Object.keys(SHAPES).length * Object.keys(SECRETS).length * 4);
  assert.ok(!text.includes(FOREIGN) && !text.includes(NAMED));
  for (const line of lines) {
    const { msg } = JSON.parse(line) as { msg: string };
    for (const [name, secret] of Object.entries(SECRETS)) {
      for (const [form, shown] of Object.entries(traces(secret))) {
        assert.ok(!line.includes(shown), `${name}, ${form}: ${msg.slice(0, 100)}`);
      }
    }
  }
});

/** What would give a secret away: it, most of it, and what it looks like in the encodings of the trade. */
function traces(secret: string): Record<string, string> {
  const encoded = [0, 1, 2].map((before) => Buffer.from(`${"x".repeat(before)}${secret}`).toString("base64"));
  const middles = encoded.map((text) => text.slice(8, 24));
  const json = JSON.stringify(secret).slice(1, -1);
  return {
    "as JSON": json,
    "as JSON in JSON in JSON": inJson(inJson(json)),
    "in a form": new URLSearchParams({ s: secret }).toString().slice(2),
    plain: secret,
    "most of it": secret.slice(4, -4),
    "in an address": encodeURIComponent(secret),
    "in an address, in small letters": encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
    "in base64": middles[0] ?? "",
    "in base64, after one byte": middles[1] ?? "",
    "in base64, after two bytes": middles[2] ?? "",
  };
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
