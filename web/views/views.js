/** The seven views, in the order of their keys; each is loaded when it is first gone to. */

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {import("../app.js").Shown} Shown
 * @typedef {(context: Context) => Shown} Show
 * @type {readonly {name: string, title: string, hint: string, load: () => Promise<Show>}[]}
 */
export const VIEWS = [
  {
    name: "overview",
    title: "Overview",
    hint: "services, host, queue, threads",
    load: async () => (await import("./overview.js")).showOverview,
  },
  {
    name: "feed",
    title: "Feed",
    hint: "every message, live",
    load: async () => (await import("./feed.js")).showFeed,
  },
  {
    name: "thread",
    title: "Thread",
    hint: "one topic: conversation, turn in progress, configuration",
    load: async () => (await import("./thread.js")).showThread,
  },
  {
    name: "routing",
    title: "Routing",
    hint: "which model, and why",
    load: async () => (await import("./routing.js")).showRouting,
  },
  {
    name: "prompts",
    title: "Prompts",
    hint: "what agents are told, compared",
    load: async () => (await import("./prompts.js")).showPrompts,
  },
  {
    name: "system",
    title: "System",
    hint: "the host over an hour and a day",
    load: async () => (await import("./system.js")).showSystem,
  },
  {
    name: "logs",
    title: "Logs",
    hint: "telegram, queue, supervisor",
    load: async () => (await import("./logs.js")).showLogs,
  },
];
