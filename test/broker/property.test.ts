/** `node property.test.js N` sends N requests, 5000 by default. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import type { Level } from "../../src/broker/permissions.ts";
import { MINT, OTHER_SECRET, SECRET, openStage, sha256, type Stage } from "./support.ts";

const REQUESTS = Number(process.argv[2] ?? 5000);
const AT_ONCE = 40;
/** Tokens are held against GitHub's books this often; the list of all is long. */
const CHECK_EVERY = 2000;

/** What each client may have, said in another way than the policy file does. */
const MAY: Record<string, { owner: string; repositories: string[]; permissions: Record<string, Level> }[]> = {
  [SECRET]: [
    { owner: "acme", repositories: ["api", "7", "contents"], permissions: { contents: "write", issues: "read" } },
    { owner: "acme", repositories: ["web"], permissions: { contents: "read", pull_requests: "write" } },
    { owner: "globex", repositories: ["api"], permissions: { contents: "read" } },
  ],
  [OTHER_SECRET]: [{ owner: "acme", repositories: ["api", "web"], permissions: { contents: "read" } }],
};
/** Pinned ids: 7 is `site`, which nobody may have, while a repository called `7` may be had; 501 is `api`. */
const POLICY = `version: 1
clients:
  - id: agent
    secret_sha256: ["${sha256(SECRET, "hex")}"]
    limits: {mints_per_minute: 1000000, mints_per_hour: 10000000}
    grants:
      - {owner: acme, repositories: [api, "7", contents], repository_ids: {api: 501}, permissions: {contents: write, issues: read}}
      - {owner: acme, repositories: [web], permissions: {contents: read, pull_requests: write}}
      - {owner: globex, installation_id: 2, repositories: [api], permissions: {contents: read}}
  - id: second
    secret_sha256: ["${sha256(OTHER_SECRET, "hex")}"]
    limits: {mints_per_minute: 1000000, mints_per_hour: 10000000}
    grants:
      - {owner: acme, repositories: [api, web], permissions: {contents: read}}
`;

interface Wish {
  readonly secret: string;
  readonly owner: string;
  readonly byId: boolean;
  readonly repositories: readonly string[];
  readonly ids: readonly number[];
  readonly permissions: Record<string, string>;
  readonly post: boolean;
  /** Whether the token is forgotten or ended afterwards, so that the next one is new. */
  readonly after: "keep" | "evict" | "revoke";
}

const names = ["api", "api", "API", "web", "7", "contents", "site", "501"];
const wish: fc.Arbitrary<Wish> = fc.record({
  secret: fc.constantFrom(SECRET, SECRET, OTHER_SECRET),
  owner: fc.constantFrom("acme", "acme", "Acme", "globex"),
  byId: fc.boolean(),
  repositories: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...names).map((name) => [name]) },
    { weight: 3, arbitrary: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }) },
  ),
  ids: fc.oneof(
    { weight: 8, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(7, 501, 502), { maxLength: 2 }) },
  ),
  permissions: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.dictionary(
        fc.constantFrom("contents", "issues", "pull_requests", "metadata"),
        fc.constantFrom("read", "read", "write"),
        { maxKeys: 2 },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.dictionary(
        fc.constantFrom("contents", "administration"),
        fc.constantFrom("read", "write", "admin"),
        { maxKeys: 2 },
      ),
    },
  ),
  post: fc.boolean(),
  after: fc.constantFrom("keep", "keep", "keep", "keep", "keep", "keep", "evict", "revoke"),
});

/** A token that was handed out, for what was asked. */
interface Given {
  readonly wish: Wish;
  readonly sha: string;
}

const INSTALLATIONS: Record<string, number> = { acme: 1, globex: 2 };
const PINS = new Map([[501, "api"]]);

function askedRepositories({ repositories, ids }: Wish): Set<string> {
  return new Set([...repositories.map((name) => name.toLowerCase()), ...ids.map((id) => PINS.get(id) ?? `#${id}`)]);
}

function askedPermissions({ permissions }: Wish): Record<string, string> {
  return Object.keys(permissions).length === 0 ? { contents: "read" } : permissions;
}

function mayHave(one: Wish): boolean {
  const own = (MAY[one.secret] ?? []).filter((grant) => grant.owner === one.owner.toLowerCase());
  return [...askedRepositories(one)].every((repository) =>
    Object.entries(askedPermissions(one)).every(([permission, level]) => {
      if (permission === "metadata")
        return level === "read" && own.some((grant) => grant.repositories.includes(repository));
      return own.some(
        (grant) =>
          grant.repositories.includes(repository) &&
          (grant.permissions[permission] === level || (grant.permissions[permission] === "write" && level === "read")),
      );
    }),
  );
}

test(`${REQUESTS} overlapping requests: nobody gets a token wider than asked`, { timeout: 3_600_000 }, async (t) => {
  const stage = await openStage(t, { policy: POLICY });
  stage.github.addInstallation({
    account: "lookalikes",
    id: 7,
    repositories: [{ name: "api" }],
    permissions: { contents: "write" },
  });
  addRepositories(stage);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  t.after(() => {
    agent.destroy();
  });
  let given: Given[] = [];
  const seen = { ok: 0, refused: 0, mints: 0 };
  const check = (): void => {
    const books = new Map(stage.github.issuedTokens().map((one) => [one.sha256, one]));
    for (const one of given) verify(one.wish, books.get(one.sha));
    given = [];
    seen.mints = books.size;
    stage.github.calls.length = 0;
    stage.lines.length = 0;
  };
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: AT_ONCE, maxLength: AT_ONCE }), fc.nat(9), async (wishes, chance) => {
      // Now and then GitHub gives too much; and time goes by, so that tokens end and refusals are forgotten.
      if (chance === 0) stage.github.order({ match: MINT, fault: { kind: "wider", permissions: { issues: "write" } } });
      stage.clock.leap(31_000);
      const told = await Promise.all(wishes.map((one) => send(agent, stage.port, one)));
      for (const [index, token] of told.entries()) {
        const asked = wishes[index];
        assert.ok(asked !== undefined);
        if (token === undefined) seen.refused += 1;
        else {
          assert.ok(mayHave(asked), `given against the policy: ${JSON.stringify(asked)}`);
          given.push({ wish: asked, sha: sha256(token) });
          seen.ok += 1;
        }
      }
      sent += wishes.length;
      if (sent % CHECK_EVERY < AT_ONCE) check();
    }),
    { numRuns: Math.ceil(REQUESTS / AT_ONCE), endOnFailure: true },
  );
  check();
  t.diagnostic(`${sent} requests, ${seen.ok} answered with a token, ${seen.refused} refused, ${seen.mints} mints`);
  assert.ok(
    seen.ok > sent / 10 && seen.refused > sent / 10 && seen.mints > sent / 100,
    "the requests were not of all kinds",
  );
});

/** Repositories named like an id and like a permission, so that a careless key mixes them up. */
function addRepositories(stage: Stage): void {
  stage.github.renameRepository("acme", "site", "contents");
  stage.github.addInstallation({
    account: "acme-extra",
    id: 501,
    repositories: [{ name: "7" }, { name: "site", id: 7 }],
    permissions: { contents: "write" },
  });
}

function verify(asked: Wish, issued: ReturnType<Stage["github"]["issuedTokens"]>[number] | undefined): void {
  const told = JSON.stringify({ asked, issued });
  assert.ok(issued !== undefined, `a token that GitHub never made: ${told}`);
  const wanted = [...askedRepositories(asked)].map((name) => `${asked.owner.toLowerCase()}/${name}`).sort();
  assert.deepEqual([...issued.repositories].map((name) => name.toLowerCase()).sort(), wanted, told);
  const { metadata, ...rest } = issued.permissions;
  const { metadata: _metadata, ...permissions } = askedPermissions(asked);
  assert.ok(metadata === undefined || metadata === "read", told);
  assert.deepEqual(rest, permissions, told);
}

/** The token, or undefined for a refusal. */
async function send(agent: Agent, port: number, one: Wish): Promise<string | undefined> {
  const told = await call(agent, port, one.secret, ...line(one));
  const token = told.status === 200 ? (JSON.parse(told.text) as { token: string }).token : undefined;
  assert.ok([200, 400, 403, 422, 502].includes(told.status), `${told.status} ${told.text}`);
  if (token === undefined || one.after === "keep") return token;
  if (one.after === "evict") await call(agent, port, one.secret, "POST", "/v1/evict", { token_sha256: sha256(token) });
  else await call(agent, port, one.secret, "DELETE", "/v1/token", { token });
  return token;
}

function line(one: Wish): [method: string, path: string, body?: object] {
  const place = one.byId ? { installation_id: INSTALLATIONS[one.owner.toLowerCase()] ?? 0 } : { owner: one.owner };
  const names = one.repositories.length === 0 ? {} : { repositories: one.repositories };
  const ids = one.ids.length === 0 ? {} : { repository_ids: one.ids };
  const permissions = Object.keys(one.permissions).length === 0 ? {} : { permissions: one.permissions };
  if (one.post) return ["POST", "/v1/token", { ...place, ...names, ...ids, ...permissions }];
  const query = new URLSearchParams({
    ...Object.fromEntries(Object.entries(place).map(([key, value]) => [key, `${value}`])),
    ...(one.repositories.length === 0 ? {} : { repositories: one.repositories.join(",") }),
    ...(one.ids.length === 0 ? {} : { repository_ids: one.ids.join(",") }),
    ...(permissions.permissions === undefined
      ? {}
      : {
          permissions: Object.entries(one.permissions)
            .map((pair) => pair.join(":"))
            .join(","),
        }),
  });
  return ["GET", `/token?${query.toString()}`];
}

function call(
  agent: Agent,
  port: number,
  secret: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const outgoing = request({ host: "127.0.0.1", port, path, method, agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
