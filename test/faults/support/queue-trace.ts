/** The walk of a message as a process of its own, under strace, which kills it or refuses a call at a place that is known exactly. */
import { spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const RUNNER = fileURLToPath(new URL("queue-runner.js", import.meta.url));

/** Why it cannot be done here, for a test's `skip`. With CI=true it must be, and the test fails. */
export const noTrace: string | false = mayTrace() ? false : "strace is not here, or may not trace";

function mayTrace(): boolean {
  return process.env["CI"] === "true" || spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
}

interface Ended {
  /** What it told before its end, line by line. */
  readonly told: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface RunnerOptions {
  /** Starts it; nothing by default. */
  readonly carrier?: readonly string[];
  readonly more?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** What the runner does for one message. */
type Work = "walk" | "doom" | "long" | "rest";

/** A process of the runner's. */
export function startRunner(what: Work | "load" | "jump", root: string, options: RunnerOptions = {}) {
  const { carrier = [], more = [], env = {} } = options;
  const [program = process.execPath, ...args] = [...carrier, process.execPath, RUNNER, what, root, ...more];
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (data: string) => (text += data));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ told: text.split("\n").filter((line) => line !== ""), code, signal });
    });
  });
  return { child, ended, text: () => text };
}

/** Calls that change what is on disk. The deliveries are written by another thread than the rest, and counted apart. */
export const PLACES = ["link", "rename", "unlink", "fsync", "fdatasync", "write", "write deliveries"] as const;
export type Place = (typeof PLACES)[number];

const MESSAGES = ["tmp/0000000000000001.5.u1.json", "tmp/0000000000000002.5.u1.json"];
const DOOMED = "0000000000000001.5.doomed.json";
export const TORN_NAME = "0000000000000001.5.torn.json";
/** Only calls on these files are counted; other files' are none of the queue's. */
const FILES: Partial<Record<Place | "openat", readonly string[]>> = {
  write: [
    ...MESSAGES,
    `tmp/${DOOMED}`,
    "tmp/0000000000000002.5.end-doomed.json",
    `dead-letter/${DOOMED}.why`,
    `corrupt/${TORN_NAME}.why`,
    "ledger.jsonl",
    "sent.jsonl",
  ],
  "write deliveries": ["deliveries.jsonl"],
  openat: [...MESSAGES, "ledger.jsonl", "sent.jsonl", "incoming", "outgoing", "processing"],
};

/** `injection` as in strace(1): `signal=KILL:when=2`. `injected` tells whether the walk came to that call. */
export async function walkWith(
  root: string,
  place: Place | "openat",
  injection: string,
  what: Work = "walk",
): Promise<Ended & { readonly injected: boolean }> {
  const [call = ""] = place.split(" ");
  const trace = `${root}.trace`;
  const paths = (FILES[place] ?? []).flatMap((name) => ["-P", join(root, name)]);
  // Not with --seccomp-bpf: it injects nothing then, and says nothing of it.
  const filter = ["-e", `trace=${call}`, "-e", `inject=${call}:${injection}`];
  const carrier = ["strace", "-f", "-qq", "-o", trace, ...filter, ...paths];
  // With one thread for the file system's calls their count is the same each time.
  const ended = await startRunner(what, root, { carrier, env: { UV_THREADPOOL_SIZE: "1" } }).ended;
  return { ...ended, injected: ended.signal !== null || (await readFile(trace, "utf8")).includes("(INJECTED)") };
}
