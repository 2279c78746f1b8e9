/** Addresses of all views, with something open in each, and records that fill them. */
import type { Files } from "./rig.ts";
import { HOSTILE_NAME, THREADS, activity, message, messages, supervisor } from "./support.ts";

/** Texts that would do harm were they taken for more than texts. */
export const HOSTILE = {
  markup: `<script>document.title="owned"</script><img src=x onerror="document.title='owned'"><b>bold</b>`,
  bidi: "abc\u202Edcba\u2066 zero\u200Bwidth",
  ansi: "\u001b[31mred\u001b[0m \u001b[2J and a link \u001b]8;;http://evil.example\u0007here\u001b]8;;\u0007",
  template: "${document.title='owned'} {{constructor.constructor('x')()}} javascript:alert(1)",
  long: `start ${"x".repeat(1_000_000)} end`,
};

/** What a view has open, as its address says; each shows the records of `seed`. */
export const ADDRESSES = [
  "#/overview",
  "#/overview/dead-letter",
  "#/feed",
  "#/feed?messageId=hostile-0",
  "#/thread/5",
  "#/thread/9",
  "#/routing",
  "#/routing?messageId=hostile-0",
  "#/routing?whatif=1",
  "#/prompts",
  "#/prompts?messageId=hostile-0",
  "#/prompts?a=hostile-0&b=hostile-1",
  "#/system",
  "#/logs",
  "#/logs/telegram?q=level:error",
] as const;

export async function seed(files: Files): Promise<void> {
  const texts = Object.values(HOSTILE);
  await files.put("threads.json", THREADS);
  await files.put("status/supervisor.json", supervisor());
  await files.put("queue/dead-letter/hostile.json", `${JSON.stringify({ message: HOSTILE.markup, threadId: 5 })}\n`);
  await files.put("queue/dead-letter/hostile.json.why", JSON.stringify({ reason: HOSTILE.markup, at: Date.now() }));
  await files.write("messages", ...messages(1, 40), ...messages(40, 60, { direction: "out", sender: "assistant" }));
  for (const [n, text] of texts.entries()) await seedTexts(files, `hostile-${n}`, text);
  for (const source of ["telegram", "queue", "supervisor"]) {
    const lines = [
      { level: 30, time: Date.now(), source, msg: "a line" },
      { level: 50, time: Date.now(), source, msg: "an error", error: HOSTILE.markup, threadId: 5 },
      ...texts.map((msg) => ({ level: 40, time: Date.now(), source, msg })),
    ];
    const raw = [HOSTILE.ansi, HOSTILE.markup, "{broken", "plain"];
    await files.put(`logs/${source}.log`, `${[...lines.map((line) => JSON.stringify(line)), ...raw].join("\n")}\n`);
  }
}

async function seedTexts(files: Files, messageId: string, text: string): Promise<void> {
  const about = { threadId: 9, messageId };
  await files.write("messages", message(0, { ...about, message: text, sender: HOSTILE_NAME, timestamp: Date.now() }));
  await files.write("activity", activity(messageId, "turn_start", about));
  await files.write(
    "activity",
    activity(messageId, "tool_start", { ...about, tool: text.slice(0, 200), detail: text }),
  );
  await files.write("activity", activity(messageId, "text", { ...about, detail: text }));
  await files.write("prompts", {
    timestamp: Date.now(),
    ...about,
    model: "sonnet",
    systemPrompt: text.slice(0, 100_000),
    userMessage: text.slice(0, 100_000),
    prompt: `before\n${text.slice(0, 100_000)}\nafter`,
    historyInjected: true,
    historyLines: 3,
    promptLength: text.length,
  });
  await files.write("routing", {
    timestamp: Date.now(),
    ...about,
    input: text.slice(0, 100_000),
    tokens: 12,
    score: 0.12,
    tier: "MEDIUM",
    confidence: 0.8,
    model: "sonnet",
    effectiveModel: "opus",
    replyUpgrade: true,
    reason: text.slice(0, 1000),
    dimensions: { reasoning: { score: 0.5, weight: 0.2, signal: text.slice(0, 200) } },
  });
}
