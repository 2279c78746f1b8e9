import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, ConfigError, EXIT, describeError, errorCode } from "../../src/core/errors.ts";

class TurnError extends CodedError<"turn_lost"> {}

test("a coded error keeps its code, its details and its cause, and is named after its class", () => {
  const cause = new Error("disk full");
  const error = new TurnError("turn_lost", "The turn of u7 is lost: send it again.", {
    details: { messageId: "u7" },
    cause,
  });
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.code, error.details["messageId"]], ["TurnError", "turn_lost", "u7"]);
  assert.equal(error.cause, cause);
});

test("JSON of a coded error tells all a log needs, and survives a structured clone", () => {
  const error = new TurnError("turn_lost", "lost", { details: { threadId: 5 }, cause: new TypeError("no") });
  const json = error.toJSON();
  assert.deepEqual(json, {
    name: "TurnError",
    code: "turn_lost",
    message: "lost",
    details: { threadId: 5 },
    cause: "TypeError: no",
  });
  assert.deepEqual(structuredClone(json), json);
  assert.deepEqual(JSON.parse(JSON.stringify(error)), json);
});

test("JSON of an error without a cause has no such member", () => {
  assert.deepEqual(Object.keys(new TurnError("turn_lost", "lost").toJSON()), ["name", "code", "message", "details"]);
  assert.ok(!("cause" in new TurnError("turn_lost", "lost")));
});

test("a configuration error has one code, whatever the variable", () => {
  const error = new ConfigError("TZ does not parse", { variable: "TZ" });
  assert.deepEqual([error.code, error.details["variable"], EXIT.config], ["config_invalid", "TZ", 125]);
});

const thrown: [string, unknown, string, string | undefined][] = [
  ["an error", new RangeError("too far"), "RangeError: too far", undefined],
  [
    "a system error",
    Object.assign(new Error("no space left"), { code: "ENOSPC" }),
    "Error ENOSPC: no space left",
    "ENOSPC",
  ],
  ["a coded error", new TurnError("turn_lost", "lost"), "TurnError turn_lost: lost", "turn_lost"],
  ["a number for a code", Object.assign(new Error("odd"), { code: 7 }), "Error: odd", undefined],
  ["a string", "gone", "gone", undefined],
  ["nothing", undefined, "undefined", undefined],
  ["null", null, "null", undefined],
];
for (const [what, value, line, code] of thrown) {
  test(`${what} that was thrown becomes one line and its code`, () => {
    assert.equal(describeError(value), line);
    assert.equal(errorCode(value), code);
  });
}
