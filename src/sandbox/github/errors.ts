import { CodedError } from "../../core/errors.ts";

/** `github_not_started`: asked for the address before start. `github_unknown`: a test names what it never added. */
export type GitHubSandboxErrorCode = "github_not_started" | "github_unknown";

export class GitHubSandboxError extends CodedError<GitHubSandboxErrorCode> {}
