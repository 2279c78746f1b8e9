/** Records as the bot writes them. */
export const NOW = Date.now();

/** A name that would do harm, were it taken for markup. */
export const HOSTILE_NAME = `"><img src=x onerror=alert(1)>`;

export const THREADS = {
  1: thread("General", { isMaster: true }),
  5: thread("API", { cwd: "/workspace/api", systemPrompt: "Tests first.", sessionId: "session-of-five" }),
  9: thread(HOSTILE_NAME, { model: "opus", modelChoice: "opus", status: "closed" }),
};

function thread(name: string, fields: object): object {
  const base = { name, cwd: "/workspace", model: "sonnet", modelChoice: "auto", isMaster: false, status: "idle" };
  return { ...base, lastActive: NOW - 60_000, ...fields };
}

/** The n-th message of a thread, in; with `fields` in place of its own. */
export function message(n: number, fields: object = {}): object {
  const base = {
    threadId: 5,
    messageId: `u${n}`,
    direction: "in",
    channel: "telegram",
    source: "user",
    sender: "Tester",
  };
  return { timestamp: NOW - 600_000 + n, ...base, message: `message ${n}`, model: "sonnet", tier: "MEDIUM", ...fields };
}

export function messages(from: number, to: number, fields: object = {}): object[] {
  return Array.from({ length: to - from }, (_, n) => message(from + n, fields));
}

/** What an agent does for a message. */
export function activity(messageId: string, kind: string, fields: object = {}): object {
  return { timestamp: Date.now(), threadId: 5, messageId, kind, ...fields };
}

/** `status/supervisor.json`, written just now. */
export function supervisor(fields: object = {}): object {
  const at = Date.now();
  return {
    timestamp: at,
    instance: "i",
    pid: 7,
    startedAt: at - 3_600_000,
    version: "9.8.7",
    state: "running",
    workers: [
      { name: "telegram", state: "running", startedAt: at - 3_600_000, restarts: 0, lastBeat: at, inFlight: 0 },
      {
        name: "queue",
        state: "running",
        startedAt: at - 60_000,
        restarts: 3,
        lastBeat: at,
        lastError: "out of memory",
      },
    ],
    agents: [
      { threadId: 5, pid: 41, state: "running", since: at - 5_000, rssBytes: 300 * 1024 * 1024 },
      { threadId: 9, pid: 42, state: "idle", since: at - 5_000, rssBytes: null },
    ],
    broker: { state: "degraded", checkedAt: at, detail: "GitHub is slow" },
    disk: { level: "ok" },
    ...fields,
  };
}
