import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { loadPage } from "../../src/dashboard/page.ts";
import type { Page } from "../../src/dashboard/page.ts";
import { tempDir } from "../support/temp-dir.ts";
import { requestOf, wholeOf } from "./api/stage.ts";

const HTML = `<!doctype html><title>x</title><script>let a = 1;</script>${" ".repeat(2_000)}`;

async function installed(t: TestContext): Promise<{ dir: string; page: Page }> {
  const dir = await tempDir(t);
  await mkdir(join(dir, "web", "views"), { recursive: true });
  await mkdir(join(dir, "web", ".git"));
  await writeFile(join(dir, "web", "index.html"), HTML);
  await writeFile(join(dir, "web", "views", "logs.js"), "export {};\n".repeat(100));
  await writeFile(join(dir, "web", ".env"), "SECRET");
  await writeFile(join(dir, "web", ".git", "config"), "SECRET");
  await writeFile(join(dir, "web", "tiny.css"), "b{}");
  await writeFile(join(dir, "web", "odd"), "?");
  await writeFile(join(dir, "secret"), "SECRET");
  await symlink(join(dir, "secret"), join(dir, "web", "link.txt"));
  await writeFile(join(dir, "lib.mjs"), "export const n = 1;");
  const page = loadPage(join(dir, "web"), { "chart.mjs": join(dir, "lib.mjs"), "gone.js": join(dir, "none") });
  return { dir, page };
}

function get(page: Page, path: string, headers: Record<string, string> = {}): ReturnType<typeof wholeOf> {
  const answer = page.answer(requestOf(path, headers));
  assert.ok(answer !== undefined, path);
  return wholeOf(answer);
}

test("the page is its files, and the libraries that were named", async (t) => {
  const { page } = await installed(t);
  const paths = ["/", "/index.html", "/lib/chart.mjs", "/odd", "/tiny.css", "/views/logs.js"];
  assert.deepEqual([...page.paths].sort(), paths);
  assert.deepEqual(page.missing, ["gone.js"]);
  const types = paths.map((path) => get(page, path).headers["content-type"]?.split(";")[0]);
  assert.deepEqual(types, [
    "text/html",
    "text/html",
    "text/javascript",
    "application/octet-stream",
    "text/css",
    "text/javascript",
  ]);
  assert.equal(String(get(page, "/").body), HTML);
  assert.equal(String(get(page, "/index.html?v=2").body), HTML);
});

test("a path is looked up and never opened", async (t) => {
  const { dir, page } = await installed(t);
  const paths = ["//", "/.env", "/.git/config", "/link.txt", "/../secret", "/%2e%2e/secret", "/views/../../secret"];
  for (const path of [...paths, "/views", "/views/", "/lib/../secret", "/lib/__proto__", "/index.html\0", "", "/web"]) {
    assert.equal(page.answer(requestOf(path)), undefined, path);
  }
  await rm(join(dir, "web"), { recursive: true });
  assert.equal(get(page, "/").status, 200);
});

test("a page that is not installed has nothing", async (t) => {
  const page = loadPage(join(await tempDir(t), "web"));
  assert.deepEqual([page.paths, page.answer(requestOf("/"))], [[], undefined]);
});

test("a client that takes gzip gets it, where that is smaller", async (t) => {
  const { page } = await installed(t);
  const packed = get(page, "/", { "accept-encoding": "br, gzip;q=0.5" });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(packed.headers["vary"], "accept-encoding");
  assert.equal(String(gunzipSync(packed.body)), HTML);
  for (const accepted of ["", "br", "gzip;q=0", "gzip; q=0.0, *", "xgzip"]) {
    assert.equal(get(page, "/", { "accept-encoding": accepted }).headers["content-encoding"], undefined, accepted);
  }
  assert.equal(get(page, "/tiny.css", { "accept-encoding": "gzip" }).headers["content-encoding"], undefined);
});

test("a file that is known is not sent again; its packed form is another", async (t) => {
  const { page } = await installed(t);
  const plain = get(page, "/").headers["etag"] ?? "";
  const packed = get(page, "/", { "accept-encoding": "gzip" }).headers["etag"] ?? "";
  assert.notEqual(plain, packed);
  const again = get(page, "/", { "if-none-match": plain });
  assert.deepEqual([again.status, again.body.length, again.headers["etag"]], [304, 0, plain]);
  assert.equal(get(page, "/", { "if-none-match": packed }).status, 200);
  assert.equal(get(page, "/", { "if-none-match": packed, "accept-encoding": "gzip" }).status, 304);
  assert.match(get(page, "/").headers["cache-control"] ?? "", /no-cache/);
});

test("pages bear their policy, with the hashes of what stands in them", async (t) => {
  const { page } = await installed(t);
  const { headers } = get(page, "/", { host: "dash.example:443" });
  const policy = headers["content-security-policy"] ?? "";
  assert.match(policy, /script-src 'self' 'sha256-[\w+/=]{44}';/);
  assert.match(policy, /connect-src 'self' ws:\/\/dash\.example:443 wss:\/\/dash\.example:443;/);
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.match(headers["permissions-policy"] ?? "", /camera=\(\)/);
  assert.match(get(page, "/views/logs.js").headers["content-security-policy"] ?? "", /script-src 'self';/);
});
