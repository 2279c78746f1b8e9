import { createInterface } from "node:readline/promises";
import { withDeadline } from "../../core/deadline.ts";
import { describeError, EXIT } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { Conversation } from "./conversation.ts";
import { demoScript, SCENES, TOPICS } from "./script.ts";
import { Stage } from "./stage.ts";

/** Time for all replies, from the moment the system is ready. */
const PATIENCE_MS = 60_000;

/** Or the next that is free. */
const DASHBOARD_PORT = 3100;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Plays the conversation; with a terminal, offers a prompt until the signal. Resolves with the exit status. */
export async function runDemo(options: { once: boolean; signal: AbortSignal }): Promise<number> {
  const { signal } = options;
  const stage = await Stage.open({ script: demoScript });
  try {
    say(
      "TinyClaw demo: the whole system, against stand-ins for Telegram, Claude and GitHub on this machine. Nothing leaves it.",
    );
    const conversation = new Conversation(stage, TOPICS, say);
    await stage.startBroker();
    const dashboard = await stage.startDashboard(DASHBOARD_PORT);
    await stage.startBot();
    say(`The dashboard is at ${dashboard} as long as this runs.`);
    say(`Three topics: ${["General", ...TOPICS].map((topic) => `#${topic}`).join(" ")}\n`);
    await play(conversation, signal);
    if (signal.aborted) return EXIT.ok;
    if (!options.once && process.stdin.isTTY) await prompt(conversation, signal);
    else say("\nEvery message was answered. Without --once, on a terminal, you may go on talking.");
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    say(`\nThe demo failed: ${describeError(error)}`);
    say(stage.output.split("\n").slice(-20).join("\n"));
    return 1;
  } finally {
    await stage.close();
  }
}

async function play(conversation: Conversation, signal: AbortSignal): Promise<void> {
  await withDeadline(PATIENCE_MS, signal, async (deadline) => {
    for (const scene of SCENES) {
      const answered = scene.answersIn.map((topic) => conversation.answerIn(topic, deadline));
      conversation.say(scene.topic, scene.text);
      const missing = (await Promise.all(answered)).indexOf(false);
      if (signal.aborted) return;
      if (missing !== -1) {
        throw new CliError(
          "demo_failed",
          `No reply in #${scene.answersIn[missing]} to “${scene.text}” within ${PATIENCE_MS / 1000} s.`,
        );
      }
    }
  });
}

/** `#topic text` talks in that topic and stays there; a plain text goes where the last one went. */
async function prompt(conversation: Conversation, signal: AbortSignal): Promise<void> {
  say("\nYour turn: “#docs hello” changes the topic, Ctrl-C ends.");
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  let topic = "General";
  try {
    while (!signal.aborted) {
      const line = (await lines.question(`#${topic}> `, { signal })).trim();
      const [, named, rest = ""] = /^#([\w-]+)>?\s*(.*)$/.exec(line) ?? [undefined, undefined, line];
      if (named !== undefined && !conversation.has(named)) {
        say(`There is no topic #${named}.`);
        continue;
      }
      topic = named ?? topic;
      if (rest === "") continue;
      const answered = conversation.answerIn(topic, signal);
      conversation.say(topic, rest, { quiet: true });
      await answered;
    }
  } catch (error) {
    // Ctrl-C while a question is open.
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  } finally {
    lines.close();
  }
}
