import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { contentPolicy, inlineHashes, securityHeaders } from "../../src/dashboard/content-policy.ts";

const NOTHING = { scripts: [], styles: [] };

function directives(policy: string): Record<string, string> {
  return Object.fromEntries(policy.split("; ").map((part) => [part.split(" ", 1)[0], part.replace(/^\S+ /, "")]));
}

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

test("the page may run its own scripts and speak to its own host, and nothing else", () => {
  assert.deepEqual(directives(contentPolicy(NOTHING, "localhost:3100")), {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self' ws://localhost:3100 wss://localhost:3100",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "worker-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  });
});

for (const host of [undefined, "", "a b", "a;script-src *", "x\r\ny", "[::1]:3100", "*", "a/b", "a:b"]) {
  test(`a host of ${JSON.stringify(host)} adds nothing to the policy`, () => {
    assert.equal(directives(contentPolicy(NOTHING, host))["connect-src"], "'self'");
    assert.equal(contentPolicy(NOTHING, host).split(";").length, 12);
  });
}

test("scripts and styles within the page are allowed by their hashes, those from files are not", () => {
  const html = [
    '<script src="/app.js"></script><script type="module">let a = 1 < 2;\r\n</script>',
    '<SCRIPT type="importmap">{}</SCRIPT >',
    "<style>\nb{}</style>",
  ].join("\n");
  const inline = inlineHashes(html);
  assert.deepEqual(inline.scripts, [hash("let a = 1 < 2;\n"), hash("{}")]);
  assert.deepEqual(inline.styles, [hash("\nb{}")]);
  const policy = directives(contentPolicy(inline, undefined));
  assert.equal(policy["script-src"], `'self' ${hash("let a = 1 < 2;\n")} ${hash("{}")}`);
  assert.equal(policy["style-src"], `'self' ${hash("\nb{}")}`);
});

test("an answer that is no page may do nothing", () => {
  assert.equal(securityHeaders["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
  assert.equal(securityHeaders["x-content-type-options"], "nosniff");
  assert.equal(securityHeaders["referrer-policy"], "no-referrer");
});
