/**
 * The bot as process 1 of a PID namespace, as in a container without an init, and under tini, as in one with it. Orphans
 * that its agents leave: 3, with FAULTS=full 20.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { needsSuccess } from "../support/needs.ts";
import { count } from "./support/counts.ts";
import type { Bot } from "./support/bot.ts";
import { Ward } from "./support/ward.ts";

const timeout = 180_000;
const ORPHANS = count(3, 20);
const EXIT_MS = 25_000;
/** Ends with what runs it, and what runs in it. */
const OWN_PIDS = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];

describe("the bot in a PID namespace of its own", { concurrency: true }, () => {
  const noNamespace = needsSuccess([...OWN_PIDS, "true"], "needs root, for a PID namespace of its own");
  const noTini = noNamespace || needsSuccess(["tini", "--", "true"], "needs tini: apt-get install tini");

  test(
    "as process 1 hears SIGTERM, ends with 0 within 25 s, and takes its agents along",
    { timeout, skip: noNamespace },
    async (t) => {
      const ward = await Ward.open(t);
      const bot = ward.bot({ by: OWN_PIDS });
      const namespace = await work(ward, bot);
      const zombies = zombiesIn(namespace);
      // Node waits for its own children alone; who wants the others' orphans reaped runs an init.
      t.diagnostic(`${zombies} of ${ORPHANS} orphans are zombies of a process 1 that is no init`);
      await endsInTime(t.diagnostic.bind(t), bot);
    },
  );

  test(
    "under tini leaves no zombie of what its agents started, and ends with 0 within 25 s",
    { timeout, skip: noTini },
    async (t) => {
      const ward = await Ward.open(t);
      const bot = ward.bot({ by: [...OWN_PIDS, "tini", "--"] });
      const namespace = await work(ward, bot);
      // One may have ended just now.
      await eventually("no zombie", () => (zombiesIn(namespace) === 0 ? true : undefined));
      await endsInTime(t.diagnostic.bind(t), bot);
    },
  );

  /** An agent leaves orphans, which end; resolves with the namespace. */
  async function work(ward: Ward, bot: Bot): Promise<string> {
    await bot.running();
    const namespace = namespaceOf(initOf(bot));
    const orphan = "(setsid sh -c 'echo $$ >> orphans; exec sleep 1' >/dev/null 2>&1 &)";
    const command = `${Array.from({ length: ORPHANS }, () => orphan).join("; ")}; until [ "$(cat orphans 2>/dev/null | wc -l)" -ge ${ORPHANS} ]; do sleep 0.05; done; wc -l < orphans`;
    ward.script = ({ step, toolResults }) =>
      step === 0
        ? { tools: [{ name: "Bash", input: { command } }] }
        : { text: `re: left ${toolResults[0]?.text.trim()}` };
    ward.say(1, "leave orphans");
    await ward.answered(1, `left ${ORPHANS}`);
    ward.script = undefined;
    await eventually("the end of the orphans", () =>
      processesIn(namespace).some(({ command, state }) => command === "sleep" && state !== "Z") ? undefined : true,
    );
    // Another turn, which works on.
    ward.say(1, "still there");
    await ward.answered(1, "still there");
    return namespace;
  }

  async function endsInTime(tell: (text: string) => void, bot: Bot): Promise<void> {
    const init = initOf(bot);
    const namespace = namespaceOf(init);
    const asked = performance.now();
    process.kill(init, "SIGTERM");
    assert.deepEqual(await bot.ended, { code: 0, signal: null });
    const took = performance.now() - asked;
    tell(`ended after ${Math.round(took)} ms`);
    assert.ok(took <= EXIT_MS, `it ended after ${took} ms`);
    assert.deepEqual(processesIn(namespace), []);
  }
});

function zombiesIn(namespace: string): number {
  return processesIn(namespace).filter(({ state }) => state === "Z").length;
}

/** Process 1 of the namespace, by its number outside. */
function initOf(bot: Bot): number {
  const { pid } = bot.process;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

function namespaceOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

function processesIn(namespace: string): { readonly pid: number; readonly command: string; readonly state: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      // A zombie's link cannot be read any more by some kernels, and its parent's can.
      const stat = /^(\d+) \((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"));
      const [, pid, command = "", state = "", parent] = stat ?? [];
      const own = state === "Z" ? namespaceOf(Number(parent)) : namespaceOf(Number(name));
      return pid !== undefined && own === namespace ? [{ pid: Number(pid), command, state }] : [];
    } catch {
      return [];
    }
  });
}
