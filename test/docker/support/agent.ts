import type { Script } from "../../../src/sandbox/claude/claude.ts";
import type { TelegramSandbox, User } from "../../../src/sandbox/telegram/telegram.ts";

const PATIENCE_MS = 120_000;

interface Errand {
  readonly command: string;
  readonly report: (output: string) => void;
}

/**
 * Plays the model: sends the real agent's Bash tool on errands when told to, and says what it heard otherwise. Where an
 * errand's command has come to its end, what it printed is handed to whoever asked, whole and unseen by Telegram.
 */
export class ScriptedAgent {
  readonly #errands = new Map<string, Errand>();
  readonly #user = new Map<TelegramSandbox, User>();

  readonly script: Script = (request) => {
    const said = lastSaid(request.userText);
    const errand = this.#errands.get(/^errand (\d+)$/.exec(said)?.[1] ?? "");
    if (errand === undefined) return { text: `heard ${said}` };
    if (request.step === 0) {
      const input = { command: errand.command, description: "As asked", timeout: PATIENCE_MS };
      return { tools: [{ name: "Bash", input }] };
    }
    errand.report(request.toolResults.map(({ text }) => text).join("\n"));
    return { text: `${said} is done` };
  };

  /** Lets an agent run a command in the topic's own folder; resolves with what the tool said, errors and all. */
  async run(telegram: TelegramSandbox, topic: number, command: string): Promise<string> {
    const id = String(this.#errands.size + 1);
    const output = new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the agent did not come back from: ${command}`)), PATIENCE_MS);
      this.#errands.set(id, {
        command,
        report: (text) => {
          clearTimeout(late);
          resolve(text);
        },
      });
    });
    telegram.sendText(topic, this.userOf(telegram), `errand ${id}`);
    return await output;
  }

  /** The one person in the group. */
  userOf(telegram: TelegramSandbox): User {
    const known = this.#user.get(telegram) ?? telegram.addUser({ firstName: "Tester" });
    this.#user.set(telegram, known);
    return known;
  }
}

/** What was said now; before it stand the time, the sender and, in a new session, what was said earlier. */
function lastSaid(prompt: string): string {
  const paragraph = prompt.split("\n\n").at(-1) ?? "";
  return paragraph.slice(paragraph.indexOf("]: ") + 3).trim();
}
