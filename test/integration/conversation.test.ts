import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { send } from "../../src/cli/send.ts";
import type { Script } from "../../src/sandbox/claude/claude.ts";
import { openStage, postedIn, readJson, readJsonl, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";

/** Answers with what was said and by which family; runs a command when told to. */
const script: Script = ({ userText, family, step, toolResults }) => {
  const said = userText.split("\n\n").at(-1) ?? "";
  const command = /\]: run (.+)$/.exec(said)?.[1];
  if (command !== undefined && step === 0) return { tools: [{ name: "Bash", input: { command } }] };
  if (command !== undefined)
    return {
      text: `ran: ${toolResults
        .map(({ text }) => text)
        .join("")
        .trim()}`,
    };
  return { text: `${family} heard ${said.slice(said.indexOf("]: ") + 3)}` };
};

test("a message in a topic is answered there, and everything about it is written down", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const api = stage.telegram.createTopic("API docs");
  await stage.startBot();

  const sent = stage.telegram.sendText(api, user, "hello");
  await waitForPost(stage, api, /^haiku heard hello$/);
  await eventually("the model's emoji", () =>
    stage.telegram.reactions(sent.messageId).includes("⚡") ? true : undefined,
  );

  const messageId = `u${sent.updateId}`;
  const history = await eventually("both history entries", async () => {
    const entries = await readJsonl(stage, "message-history.jsonl");
    return entries.length >= 2 ? entries : undefined;
  });
  assert.deepEqual(
    history.map(({ direction, threadId, sender, message, model, source }) => ({
      direction,
      threadId,
      sender,
      message,
      model,
      source,
    })),
    [
      { direction: "in", threadId: api, sender: "Tester", message: "hello", model: "haiku", source: "user" },
      {
        direction: "out",
        threadId: api,
        sender: "assistant",
        message: "haiku heard hello",
        model: "haiku",
        source: "user",
      },
    ],
  );
  assert.ok(history.every((entry) => entry["messageId"] === messageId));

  const [decision, ...more] = await readJsonl(stage, "routing-log.jsonl");
  assert.deepEqual(more, []);
  assert.equal(decision?.["messageId"], messageId);
  assert.equal(decision?.["tier"], "SIMPLE");
  assert.equal(decision?.["effectiveModel"], "haiku");
  assert.equal(Object.keys(decision?.["dimensions"] as object).length, 14);

  const [prompt] = await readJsonl(stage, "logs", "prompts.jsonl");
  assert.equal(prompt?.["userMessage"], "hello");
  assert.match(String(prompt?.["prompt"]), /\[Tester via Telegram\]: hello$/);
  assert.equal(prompt?.["promptLength"], String(prompt?.["prompt"]).length);
  assert.equal(prompt?.["historyInjected"], false);
  const asked = stage.claude.requests.find((request) => !request.side);
  assert.ok(
    asked?.system.includes(String(prompt?.["systemPrompt"])),
    "what is logged as appended is what was appended",
  );

  const threads = await eventually("the idle thread", async () => {
    const all = await readJson(stage, "threads.json");
    return (all[String(api)] as Record<string, unknown>)["status"] === "idle" ? all : undefined;
  });
  const thread = threads[String(api)] as Record<string, unknown>;
  assert.equal(thread["name"], "API docs");
  assert.equal(thread["cwd"], join(stage.workspace, "api-docs"));
  assert.equal(thread["sessionId"], history[1]?.["sessionId"]);
  assert.equal(thread["model"], "haiku");

  const kinds = (await readJsonl(stage, "activity.jsonl")).map(({ kind }) => kind);
  assert.deepEqual([kinds[0], kinds.at(-1)], ["turn_start", "turn_end"]);
  for (const folder of ["incoming", "processing", "outgoing", "dead-letter", "corrupt"]) {
    await eventually(`no file in ${folder}`, async () =>
      (await readdir(join(stage.dir, "queue", folder))).length === 0 ? true : undefined,
    );
  }
});

test("a tool runs in the topic's own directory, and a session goes on with the next message and after a restart", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topic = stage.telegram.createTopic("Build");
  await stage.startBot();
  stage.telegram.sendText(topic, user, "run echo made > made.txt && pwd");
  await waitForPost(stage, topic, new RegExp(`^ran: ${join(stage.workspace, "build")}$`));
  assert.equal(await readFile(join(stage.workspace, "build", "made.txt"), "utf8"), "made\n");

  stage.telegram.sendText(topic, user, "and now?");
  await waitForPost(stage, topic, /heard and now\?$/);
  assert.equal(await stage.endBot(), 0);
  await stage.startBot();
  stage.telegram.sendText(topic, user, "still there?");
  await waitForPost(stage, topic, /heard still there\?$/);

  const prompts = await readJsonl(stage, "logs", "prompts.jsonl");
  assert.deepEqual(
    prompts.map(({ historyInjected }) => historyInjected),
    [false, false, false],
  );
  const last = stage.claude.requests.findLast((request) => !request.side);
  const conversation = JSON.stringify(last?.messages);
  assert.ok(conversation.includes("made.txt") && conversation.includes("and now?"), "the session is the same one");
});

test("a reply to the bot goes to a model no weaker than the one that wrote it", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topic = stage.telegram.createTopic("Replies");
  await stage.startBot();
  const hard =
    "First design the architecture of a distributed log, then prove step by step that no message is lost: analyse the " +
    "trade-offs, derive the schema and the database migration algorithm in a table, within exactly three phases, at most.";
  stage.telegram.sendText(topic, user, hard);
  const answer = await waitForPost(stage, topic, /^opus heard/);
  const { message_id: answerId } = answer.result as { message_id: number };
  await eventually(
    "the record of the model",
    async () => (await readJson(stage, "message-models.json"))[String(answerId)],
  );
  stage.telegram.sendText(topic, user, "thanks", { replyToMessageId: answerId });
  await waitForPost(stage, topic, /^opus heard thanks$/);
  const decisions = await readJsonl(stage, "routing-log.jsonl");
  assert.equal(decisions[1]?.["model"], "haiku");
  assert.equal(decisions[1]?.["effectiveModel"], "opus");
  assert.equal(decisions[1]?.["replyUpgrade"], true);
  const prompts = await readJsonl(stage, "logs", "prompts.jsonl");
  assert.match(String(prompts[1]?.["prompt"]), /In reply to:\n> opus heard/);
});

test("messages from the command line and from other programs are shown in the topic and answered there", async (t) => {
  const stage = await openStage(t, { script });
  await stage.startBot();
  const id = await send(stage.dir, { threadId: 1, message: "from the shell" });
  await waitForPost(stage, 1, /^haiku heard from the shell$/);
  assert.deepEqual(postedIn(stage, 1), ["↪ operator: from the shell", "haiku heard from the shell"]);
  const decisions = await readJsonl(stage, "routing-log.jsonl");
  assert.equal(decisions[0]?.["messageId"], id);

  await writeFile(join(stage.dir, "queue", "incoming", "bad.json"), "{ this is no JSON");
  await writeFile(join(stage.dir, "queue", "incoming", "plain.json"), '{"message": "dropped by a script"}\n');
  await waitForPost(stage, 1, /heard dropped by a script$/);
  const corrupt = await eventually("the corrupt file", async () => {
    const names = await readdir(join(stage.dir, "queue", "corrupt"));
    return names.length === 2 ? names.toSorted() : undefined;
  });
  assert.deepEqual(corrupt, ["bad.json", "bad.json.why"]);
});

test("an unknown chat and an unknown person get no answer", async (t) => {
  const stage = await openStage(t, { script, environment: { TELEGRAM_ALLOWED_USERS: "4242" } });
  const stranger = stage.telegram.addUser({ id: 777, firstName: "Stranger" });
  const friend = stage.telegram.addUser({ id: 4242, firstName: "Tester" });
  await stage.startBot();
  stage.telegram.sendText(1, stranger, "let me in");
  stage.telegram.sendText(1, friend, "hello");
  await waitForPost(stage, 1, /heard hello$/);
  assert.deepEqual(postedIn(stage, 1), ["haiku heard hello"]);
  const log = await readFile(join(stage.dir, "logs", "telegram.log"), "utf8");
  assert.match(log, /777/);
});
