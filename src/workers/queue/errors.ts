import { CodedError } from "../../core/errors.ts";

/** `agent_busy`: a second turn for a thread whose turn still runs. `agent_closed`: a turn after close. */
export type AgentErrorCode = "agent_busy" | "agent_closed";

export class AgentError extends CodedError<AgentErrorCode> {}
