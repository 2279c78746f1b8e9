import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

interface Turn {
  readonly startedAt?: number;
  readonly lastAt?: number;
  readonly model?: string;
  readonly steps: readonly {
    kind: string;
    name: string;
    detail: string;
    isOver?: boolean;
    result?: string;
    ms?: number;
  }[];
  readonly end?: { at?: number; ms?: number; costUsd?: number; failure?: string; usage: object };
}
const { addActivity, newTurn } = await pageModule<{
  addActivity: (turn: Turn, row: object) => void;
  newTurn: (messageId: string) => Turn;
}>("rows/turn-record.js");

function turnOf(...rows: object[]): Turn {
  const turn = newTurn("m");
  for (const row of rows) addActivity(turn, row);
  return turn;
}

const START = { kind: "turn_start", timestamp: 1, detail: "opus" };
const TOOL = { kind: "tool_start", timestamp: 2, tool: "Bash", toolUseId: "t1", detail: "ls" };

test("a turn is its steps in order, each tool with its result, and its end", () => {
  const turn = turnOf(
    START,
    TOOL,
    { ...TOOL, toolUseId: "t2", detail: "pwd" },
    { kind: "tool_end", timestamp: 3, toolUseId: "t1", detail: "files", ms: 4 },
    { kind: "text", timestamp: 5, detail: "done" },
    { kind: "turn_end", ts: 6, ms: 5, costUsd: 0.1, usage: { inputTokens: 1 } },
  );
  assert.deepEqual([turn.startedAt, turn.lastAt, turn.model], [1, 6, "opus"]);
  assert.deepEqual(
    turn.steps.map(({ kind, name, detail, result, ms, isOver }) => [kind, name, detail, result, ms, isOver]),
    [
      ["tool", "Bash", "ls", "files", 4, true],
      ["tool", "Bash", "pwd", undefined, undefined, true],
      ["text", "said", "done", undefined, undefined, true],
    ],
  );
  assert.deepEqual(turn.end, { at: 6, ms: 5, costUsd: 0.1, usage: { inputTokens: 1 } });
});

test("an end of a tool whose beginning was not read is a step of its own", () => {
  const { steps } = turnOf({ kind: "tool_end", toolUseId: "t9", tool: "Read", detail: "text" });
  assert.deepEqual([steps.length, steps[0]?.name, steps[0]?.result, steps[0]?.isOver], [1, "Read", "text", true]);
});

test("an error is a step, one that bears a length ends the turn, and a turn begun anew goes on", () => {
  const failed = turnOf(START, { kind: "error", detail: "once" }, { kind: "error", detail: "for good", ms: 3 });
  assert.deepEqual([failed.steps.length, failed.end?.failure], [1, "for good"]);
  addActivity(failed, { ...START, timestamp: 9, detail: "sonnet" });
  assert.deepEqual([failed.startedAt, failed.model, failed.end], [1, "sonnet", undefined]);
  assert.equal(turnOf({ kind: "turn_end", detail: "aborted: deadline" }).end?.failure, "aborted: deadline");
  assert.equal(turnOf({ kind: "turn_end", detail: "fine" }).end?.failure, undefined);
});

test("what is none of these changes nothing but when it was last heard of", () => {
  const turn = turnOf({ kind: "sneeze", timestamp: 4 }, { kind: 5 });
  assert.deepEqual([turn.steps, turn.end, turn.lastAt], [[], undefined, 4]);
});
