import type * as Tasks from "./task.ts" with { "resolution-mode": "import" };

/*
 * What piscina loads: it requires its file, and a thread that is ended while it requires a module of the other kind
 * takes the whole process with it. Loaded like this, it does not.
 */
const steppedBack = import("./step-back.ts").then(({ stepBack }) => stepBack());

function later(name: keyof typeof Tasks): (input: never) => Promise<unknown> {
  return async (input) => {
    await steppedBack;
    const { [name]: task } = await import("./task.ts");
    return task(input);
  };
}

module.exports = { search: later("search"), index: later("index"), tally: later("tally"), diff: later("diff") };
