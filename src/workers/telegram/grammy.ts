/** grammY as the CommonJS that it is: imported, it takes some megabytes more of this thread. */
import { createRequire } from "node:module";
import type * as Grammy from "grammy";

export const { Bot, GrammyError, HttpError } = createRequire(import.meta.url)("grammy") as typeof Grammy;
