import type * as Grammy from "grammy";
import { requireOnDemand, type OnDemand } from "../../core/on-demand.ts";

/** node-fetch brings one along for a Node without `URL`, with a table of all of Unicode. */
const url: OnDemand = {
  path: (require) => require.resolve("whatwg-url", { paths: [require.resolve("node-fetch")] }),
};

export const { Bot, GrammyError, HttpError } = requireOnDemand("grammy", url) as typeof Grammy;
