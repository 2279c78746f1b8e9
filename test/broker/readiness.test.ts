import assert from "node:assert/strict";
import { test } from "node:test";
import { readiness, type State, type Status } from "../../src/broker/readiness.ts";

const whole: State = {
  stopping: false,
  missing: [],
  keys: "good",
  keyProblems: [],
  keyIds: ["SHA256:x"],
  policyProblem: undefined,
  policySource: "file",
  policyDigest: "d",
  github: "ok",
  identity: undefined,
  identityProblem: undefined,
  skewS: 0,
  startedAt: 1,
};
const table: [title: string, change: Partial<State>, http: number, status: Status][] = [
  ["all is well", {}, 200, "ok"],
  ["GitHub was not asked yet", { github: "unknown" }, 200, "ok"],
  ["GitHub is down", { github: "down" }, 200, "degraded"],
  ["GitHub limits us", { github: "degraded" }, 200, "degraded"],
  ["one of two key files is missing", { keyProblems: ["missing"] }, 200, "degraded"],
  ["nothing is set up", { missing: ["GITHUB_APP_ID"], keys: "none" }, 200, "not_configured"],
  ["GitHub refuses the App", { github: "refused" }, 503, "failed"],
  ["the key is another App's", { identityProblem: "other" }, 503, "failed"],
  ["the key is bad", { keys: "bad", keyProblems: ["bad"] }, 503, "failed"],
  ["the new policy is bad", { policyProblem: "bad" }, 503, "failed"],
  ["the broker stops", { stopping: true }, 503, "shutting_down"],
];
for (const [title, change, http, status] of table) {
  test(`${status} when ${title}`, () => {
    const told = readiness({ ...whole, ...change });
    assert.deepEqual([told.http, (told.body as { status: string }).status], [http, status]);
  });
}

test("problems are told in words", () => {
  const { body } = readiness({ ...whole, policyProblem: "The policy is bad.", github: "refused" });
  assert.match(JSON.stringify((body as { problems: string[] }).problems), /The policy is bad.*GITHUB_APP_ID/);
});
