import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secrets.ts";
import { Access } from "../../../src/dashboard/access/access.ts";
import type { AccessOptions } from "../../../src/dashboard/access/access.ts";
import { AccessTokens } from "../../../src/dashboard/access/jwt.ts";
import type { Request } from "../../../src/dashboard/http.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { AUDIENCE, openIssuer } from "./issuer.ts";

const TOKEN = "a-token-for-programs";

function request(headers: Record<string, string>, options: { method?: string; path?: string } = {}): Request {
  const { method = "GET", path = "/api/status" } = options;
  const all = { host: "localhost:3100", ...headers };
  return { method, path, query: new URLSearchParams(), headers: new Map(Object.entries(all)) };
}

function access(options: Partial<AccessOptions> = {}): Access {
  return new Access({
    allowedHosts: ["localhost"],
    token: new Secret(TOKEN),
    tokens: undefined,
    ...options,
  });
}

async function codeOf(asked: Request, guard = access()): Promise<string> {
  const entry = await guard.check(asked);
  return entry.status === "refused" ? entry.refusal.code : entry.status;
}

for (const [what, asked, expected] of [
  ["a program without an origin", request({}), "in"],
  ["our own page", request({ origin: "http://localhost:3100", "sec-fetch-site": "same-origin" }), "in"],
  ["another name", request({ host: "evil.example" }), "foreign_host"],
  ["another name and method", request({ host: "evil.example" }, { method: "POST" }), "foreign_host"],
  ["POST", request({}, { method: "POST" }), "method_not_allowed"],
  ["POST of another page", request({ origin: "https://evil.example" }, { method: "POST" }), "method_not_allowed"],
  ["another page", request({ origin: "https://evil.example" }), "foreign_origin"],
  ["a page without an origin", request({ origin: "null" }), "foreign_origin"],
  ["a picture on another site", request({ "sec-fetch-site": "cross-site" }), "foreign_origin"],
  ["a picture on another port of this machine", request({ "sec-fetch-site": "same-site" }), "foreign_origin"],
  [
    "a link on another site to data",
    request({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }),
    "foreign_origin",
  ],
  [
    "a link on another site to the page",
    request(
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
      { path: "/" },
    ),
    "in",
  ],
  [
    "a frame on another site",
    request(
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      { path: "/" },
    ),
    "foreign_origin",
  ],
] as const) {
  test(`${what}: ${expected}`, async () => {
    assert.equal(await codeOf(asked), expected);
  });
}

test("an upgrade without an origin is refused, and one of our own page is not", () => {
  const refused = access().checkUpgrade(request({}, { path: "/ws" }));
  assert.equal(refused.status === "refused" && refused.refusal.code, "foreign_origin");
  assert.deepEqual(access().checkUpgrade(request({ origin: "http://localhost:3100" })), { status: "in" });
});

test("with Access configured everything but the two probes needs a JWT, or the token for programs", async (t) => {
  const issuer = await openIssuer(t);
  const tokens = new AccessTokens({ issuer: issuer.url, audience: AUDIENCE }, systemClock, memoryLog().log);
  const guard = access({ tokens });
  const jwt = await issuer.sign();
  assert.equal(await codeOf(request({}), guard), "unauthenticated");
  assert.equal(await codeOf(request({}, { path: "/" }), guard), "unauthenticated");
  assert.equal(await codeOf(request({}, { path: "/metrics" }), guard), "unauthenticated");
  assert.equal(await codeOf(request({}, { path: "/healthz" }), guard), "in");
  assert.equal(await codeOf(request({}, { path: "/readyz" }), guard), "in");
  assert.equal(await codeOf(request({ "cf-access-jwt-assertion": "x.y.z" }), guard), "unauthenticated");
  assert.equal(await codeOf(request({ "cf-access-jwt-assertion": jwt }), guard), "in");
  assert.equal(await codeOf(request({ authorization: `Bearer ${TOKEN}` }), guard), "in");
  assert.equal(await codeOf(request({ authorization: `Bearer ${TOKEN}x` }), guard), "unauthenticated");
  assert.equal(
    await codeOf(request({ authorization: "Bearer " }), access({ tokens, token: undefined })),
    "unauthenticated",
  );
});

test("an upgrade with a JWT not seen before is held until it is verified", async (t) => {
  const issuer = await openIssuer(t);
  const tokens = new AccessTokens({ issuer: issuer.url, audience: AUDIENCE }, systemClock, memoryLog().log);
  await tokens.warm();
  const guard = access({ tokens });
  const asked = request({ origin: "http://localhost:3100", "cf-access-jwt-assertion": await issuer.sign() });
  const entry = guard.checkUpgrade(asked);
  assert.equal(entry.status, "held");
  assert.equal(entry.status === "held" && (await entry.verdict).status, "in");
  assert.equal(guard.checkUpgrade(asked).status, "in");
});
