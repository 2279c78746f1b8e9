import { createSdkMcpServer, tool } from "@anthropic-ai/claude-agent-sdk";
import type { McpSdkServerConfigWithInstance } from "@anthropic-ai/claude-agent-sdk";
import { z } from "../../core/zod.ts";
import { describeError } from "../../core/errors.ts";
import type { AgentTools } from "./agent-port.ts";

/** Name of the server: the model sees its tools as `mcp__tinyclaw__<tool>`. */
export const TOOL_SERVER = "tinyclaw";

/** A shape of the Model Context Protocol that is open for fields we do not use. */
interface ToolReply {
  [field: string]: unknown;
  content: { type: "text"; text: string }[];
  isError?: boolean;
}

/**
 * The tools an agent has beyond Claude Code's own, served in this process. A session outlives its turns: `current`
 * gives the tools of the turn now running, undefined between turns.
 */
export function toolServer(current: () => AgentTools | undefined): McpSdkServerConfigWithInstance {
  const withTurn = async (act: (tools: AgentTools) => ToolReply | Promise<ToolReply>): Promise<ToolReply> => {
    const tools = current();
    if (tools === undefined) return refusal("No message is being worked on, so there is no thread to act for.");
    try {
      return await act(tools);
    } catch (error) {
      return refusal(`That did not work: ${describeError(error)}`);
    }
  };
  const sendMessage = tool(
    "send_message",
    "Send a message to another thread of this team. It appears in that thread's topic, and the agent there answers " +
      "it in its own topic; no answer comes back to you. Get the thread's id from list_threads.",
    {
      targetThreadId: z.number().int().positive().describe("Id of the thread, from list_threads"),
      message: z.string().min(1).describe("What to say; the reader knows nothing of this conversation"),
    },
    ({ targetThreadId, message }) => withTurn((tools) => send(tools, targetThreadId, message)),
  );
  const listThreads = tool(
    "list_threads",
    "List the threads of this team: id, topic name, status and working directory.",
    {},
    () => withTurn((tools) => reply(JSON.stringify(tools.listThreads(), undefined, 1))),
  );
  // Without alwaysLoad the tools hide behind a tool search and are missing from the first request.
  return createSdkMcpServer({ name: TOOL_SERVER, version: "1", tools: [sendMessage, listThreads], alwaysLoad: true });
}

async function send(tools: AgentTools, targetThreadId: number, message: string): Promise<ToolReply> {
  const outcome = await tools.sendMessage(targetThreadId, message);
  if (outcome.status === "refused") return refusal(outcome.reason);
  return reply(`Sent to thread ${targetThreadId}.`);
}

function reply(text: string): ToolReply {
  return { content: [{ type: "text", text }] };
}

function refusal(text: string): ToolReply {
  return { ...reply(text), isError: true };
}
