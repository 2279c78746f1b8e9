import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsIn, namedIn, pathPattern, pathsIn, tableIn, variablesIn } from "./markdown.ts";

const page = [
  "Run `./tinyclaw.sh demo --once` or ``npm run check``; see [the guide](docs/setup.md#first), [it](https://x.test/a).",
  "",
  "```bash",
  "./tinyclaw.sh send hello",
  "npm run --silent bench && npm test",
  "```",
  "",
  "Set `LOG_LEVEL=debug`, not `SIGTERM`.",
].join("\n");

test("inline code, the lines of blocks and links within the repository are found", () => {
  assert.deepEqual(namedIn(page), {
    code: ["./tinyclaw.sh demo --once", "npm run check", "LOG_LEVEL=debug", "SIGTERM"],
    lines: ["./tinyclaw.sh send hello", "npm run --silent bench && npm test"],
    links: ["docs/setup.md"],
  });
});

test("commands are found inline and in blocks", () => {
  assert.deepEqual(commandsIn(namedIn(page)), { tinyclaw: ["demo", "send"], npm: ["check", "bench", "test"] });
});

test("a path of the repository is told from one of a running system", () => {
  const code = [
    "src/core/",
    "./tinyclaw.sh",
    "README.md",
    "settings.json",
    "/api/status",
    "src of it",
    "queue/incoming/",
  ];
  assert.deepEqual(pathsIn(code, new Set(["src", "docs"])), ["src/core", "tinyclaw.sh", "README.md"]);
});

const matches: [pattern: string, path: string, matched: boolean][] = [
  ["src/core", "src/core/ids.ts", true],
  ["src/core/ids", "src/core/ids.ts", true],
  ["src/core/id", "src/core/ids.ts", false],
  ["src/*/main.ts", "src/cli/main.ts", true],
  ["src/*/main.ts", "src/cli/demo/main.ts", false],
  ["src/**/errors.ts", "src/core/queue/errors.ts", true],
  ["src/core/{ids,clock}.ts", "src/core/clock.ts", true],
  ["bench/<area>.bench.ts", "bench/router.bench.ts", true],
  ["a.c", "abc", false],
];

for (const [pattern, path, matched] of matches) {
  test(`${pattern} ${matched ? "stands" : "does not stand"} for ${path}`, () => {
    assert.equal(pathPattern(pattern).test(path), matched);
  });
}

test("variables are capitals with an underscore", () => {
  assert.deepEqual(variablesIn(["TINYCLAW_DIR", "X_FILE=/a/b", "ANTHROPIC_*", "CLAUDE_CODE_", "ENOSPC", "a_b", "TZ"]), [
    "TINYCLAW_DIR",
    "X_FILE",
    "ANTHROPIC_*",
    "CLAUDE_CODE_",
  ]);
});

test("a table is found by the head of its first column, and ends with it", () => {
  const tables = ["| a | b |", "|---|---|", "| `1`  | two  words |", "| 3 | |", "", "| c |", "|---|", "| 5 |"].join(
    "\n",
  );
  assert.deepEqual(tableIn(tables, "a"), [
    ["`1`", "two words"],
    ["3", ""],
  ]);
  assert.deepEqual(tableIn(tables, "c"), [["5"]]);
  assert.deepEqual(tableIn(tables, "b"), []);
});
