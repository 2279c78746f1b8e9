import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AgentTools } from "../../../src/workers/queue/agent.ts";
import { noTools, startRig } from "./agent-rig.ts";
import type { Rig } from "./agent-rig.ts";

const SEND = "mcp__tinyclaw__send_message";
const LIST = "mcp__tinyclaw__list_threads";

describe("the tools of a thread's agent", { timeout: 120_000 }, () => {
  let rig: Rig;
  const sent: string[] = [];

  function toolsOf(name: string): AgentTools {
    return {
      sendMessage(target, text) {
        if (target === 13) return Promise.reject(new Error("disk full"));
        if (target === 404) return Promise.resolve({ status: "refused", reason: "There is no thread 404." });
        sent.push(`${name} → ${target}: ${text}`);
        return Promise.resolve({ status: "sent" });
      },
      listThreads: () => [{ threadId: 9, name: "Web", status: "idle", cwd: "/srv/web" }],
    };
  }

  before(async () => {
    rig = await startRig();
    rig.claude.script = ({ step, userText, toolResults }) => {
      if (step > 0)
        return { text: toolResults.map((result) => `${result.isError ? "error: " : ""}${result.text}`).join() };
      if (userText === "list") return { tools: [{ name: LIST, input: {} }] };
      const [target, message] = userText.split(" ");
      return { tools: [{ name: SEND, input: { targetThreadId: Number(target), message } }] };
    };
  });
  after(() => rig.stop());

  test("both are in the first request, and the list tells the threads", async () => {
    const { text } = await rig.answered("list", { tools: toolsOf("first") });
    assert.deepEqual(JSON.parse(text), [{ threadId: 9, name: "Web", status: "idle", cwd: "/srv/web" }]);
    const tools = rig.claude.requests[0]?.tools ?? [];
    assert.ok(tools.includes(SEND) && tools.includes(LIST), tools.join());
  });

  test("a message goes through the turn now running, not the one the process was started for", async () => {
    const { sessionId, text } = await rig.answered("9 hello", { tools: toolsOf("first") });
    assert.equal(text, "Sent to thread 9.");
    await rig.answered("9 again", { tools: toolsOf("second"), sessionId });
    assert.deepEqual(sent, ["first → 9: hello", "second → 9: again"]);
    assert.equal(rig.agent.live().length, 1);
  });

  test("a refusal, a failure and a wrong argument come back as the tool's error", async () => {
    const refused = await rig.answered("404 hello", { tools: toolsOf("first") });
    assert.equal(refused.text, "error: There is no thread 404.");
    const failed = await rig.answered("13 hello", { tools: toolsOf("first") });
    assert.equal(failed.text, "error: That did not work: Error: disk full");
    const wrong = await rig.answered("-1 hello", { tools: noTools });
    assert.match(wrong.text, /^error: .*targetThreadId/s);
  });
});
