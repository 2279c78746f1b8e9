/** A program at a pseudo-terminal, by util-linux's script(1). */
import { spawn } from "node:child_process";
import type { TestContext } from "node:test";
import { PATIENCE_MS } from "../support/eventually.ts";

export interface Terminal {
  /** Resolves when this has been shown since the last thing awaited. */
  shows(what: RegExp): Promise<void>;
  /** Types a line and Enter. */
  type(line: string): void;
  /** Types keys as they are. */
  press(keys: string): void;
  /** Everything shown until now, without the terminal's own orders. */
  readonly text: string;
  readonly ended: Promise<number | null>;
}

// oxlint-disable-next-line no-control-regex -- these are what it looks for
const ORDERS = /\u001b(?:\[[0-9;?]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9]|[=>78])/g;

export function openTerminal(
  t: TestContext,
  command: readonly string[],
  around: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Terminal {
  const words = command.map((word) => `'${word}'`).join(" ");
  const child = spawn("/usr/bin/script", ["-qefc", `/bin/stty cols 160 rows 50; exec ${words}`, "/dev/null"], {
    cwd: around.cwd,
    env: { ...around.env, TERM: "xterm", SHELL: "/bin/sh", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  t.after(() => child.kill("SIGKILL"));
  let raw = "";
  let seen = 0;
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part: string) => {
    raw += part;
    for (const listener of listeners) listener();
  });
  child.stdin.on("error", () => undefined);
  const plain = (): string => raw.replace(ORDERS, "");
  const look = (what: RegExp): boolean => {
    const found = what.exec(plain().slice(seen));
    if (found === null) return false;
    seen += found.index + found[0].length;
    return true;
  };
  return {
    shows: (what) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer);
          listeners.delete(listener);
        };
        const fail = (why: string): void => {
          stop();
          reject(new Error(`${String(what)} was not shown, ${why}; since the last thing:\n${plain().slice(seen)}`));
        };
        const timer = setTimeout(() => fail(`in ${PATIENCE_MS} ms`), PATIENCE_MS);
        const listener = (): void => {
          if (!look(what)) return;
          stop();
          resolve();
        };
        listeners.add(listener);
        void ended.then(() => (listeners.has(listener) ? fail("and the program has ended") : undefined));
        listener();
      }),
    type: (line) => void child.stdin.write(`${line}\r`),
    press: (keys) => void child.stdin.write(keys),
    get text() {
      return plain();
    },
    ended,
  };
}
