import type { Script, ScriptRequest, Turn } from "../../sandbox/claude/claude.ts";

/** A line of the played conversation: what is said where, and in which topics an answer must follow. */
export interface Scene {
  readonly topic: string;
  readonly text: string;
  readonly answersIn: readonly string[];
}

export const TOPICS = ["api", "docs"] as const;

export const SCENES: readonly Scene[] = [
  { topic: "api", text: "Hi! What does status 418 mean?", answersIn: ["api"] },
  {
    topic: "docs",
    text: "Write the three steps of our release into release.md as a list, commit it, and count its lines afterwards.",
    answersIn: ["docs"],
  },
  {
    topic: "General",
    text: [
      "First design the architecture for moving our service to a distributed event log, then prove step by step why no",
      "message can be lost, even when a database replica fails: derive the schema and the migration algorithm, analyse",
      "the trade-offs between consistency, latency and throughput in a table of at most five rows, require no downtime",
      "of more than a minute, and ask the api topic which endpoints must stay synchronous.",
    ].join(" "),
    answersIn: ["General", "api"],
  },
];

/** A commit needs an author: the agent has the GitHub App's, by way of the broker. */
const RELEASE = [
  "printf '1. Tag the commit\\n2. Run the suite\\n3. Publish the images\\n' > release.md",
  "git init -q && git add release.md && git commit -qm 'Release steps'",
  'echo "$(wc -l < release.md) lines, committed by $(git log -1 --format=%an)"',
].join(" && ");
const QUESTION = "Which of our endpoints must stay synchronous?";

/**
 * What the stand-in for Claude says. It follows a script and does not think; but the tools it calls are run for real by
 * the agent, and what they print is what it reports.
 */
export const demoScript: Script = (request) => {
  const text = lastParagraph(request.userText);
  if (text.includes("status 418"))
    return say("418 is “I'm a teapot”: the server refuses to brew coffee because it is a teapot (RFC 2324).");
  if (text.includes("release.md")) return writeRelease(request);
  if (text.includes(QUESTION))
    return say("Login and payment: their callers wait for the result. All others may go through the log.");
  if (text.includes("ask the api topic")) return askApi(request);
  return freely(request);
};

function say(text: string): Turn {
  return { text };
}

function writeRelease(request: ScriptRequest): Turn {
  if (request.step === 0)
    return { tools: [{ name: "Bash", input: { command: RELEASE, description: "Write and commit release.md" } }] };
  return say(`release.md is written: ${lastToolText(request)}.`);
}

/** Looks up the thread of the topic, hands it the question, then answers in its own topic. */
function askApi(request: ScriptRequest): Turn {
  if (request.step === 0) return { tools: [{ name: "mcp__tinyclaw__list_threads", input: {} }] };
  if (request.step === 1) {
    const targetThreadId = Number(/"threadId":\s*(\d+)[^{}]*"name":\s*"api"/.exec(lastToolText(request))?.[1] ?? 0);
    return { tools: [{ name: "mcp__tinyclaw__send_message", input: { targetThreadId, message: QUESTION } }] };
  }
  return say(
    "Three steps: write every change to the log first, let each service read at its own pace, then retire the tables. I have asked #api about its endpoints.",
  );
}

/** For the prompt after the scenes: runs a command when asked to, and says what it is otherwise. */
function freely(request: ScriptRequest): Turn {
  const command = /\]: run[: ]+`?([^`\n]+)`?/i.exec(lastParagraph(request.userText))?.[1];
  if (command === undefined) {
    return say(
      "I am the sandbox's stand-in for Claude: I follow a script. Say “run ls -la”, and the real agent runs it.",
    );
  }
  if (request.step === 0) return { tools: [{ name: "Bash", input: { command, description: "As asked" } }] };
  return say(lastToolText(request));
}

function lastToolText(request: ScriptRequest): string {
  return request.toolResults
    .map((result) => result.text)
    .join("\n")
    .trim();
}

/** What was said now; before it stand the time and, in a new session, what was said earlier. */
function lastParagraph(prompt: string): string {
  return prompt.split("\n\n").at(-1) ?? "";
}
