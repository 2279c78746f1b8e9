/** `message-models.json`: which model wrote the bot's messages, so that a reply to one runs on no lesser model. */
import { join } from "node:path";
import { z } from "../../core/zod.ts";
import { MODELS, type Model } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";
import { createSaver, loadFields } from "./small-file.ts";

/** Messages remembered; older ones are seldom replied to. */
const REMEMBERED = 1000;

const modelSchema = z.enum(MODELS);

export interface ModelStore {
  /** The model that wrote Telegram's message `id`, if it is remembered. */
  get(id: number): Model | undefined;
  record(id: number, model: Model): void;
  /** Resolves when everything recorded so far is on disk. */
  flush(): Promise<void>;
}

/** Opens the store in `dir`. A broken file or entry is as if it were not there. */
export async function openModelStore(dir: string, log: Logger): Promise<ModelStore> {
  const path = join(dir, "message-models.json");
  const models = new Map<number, Model>();
  const saver = createSaver(path, () => Object.fromEntries(models), log);

  function remember(id: number, model: Model): void {
    models.set(id, model);
    for (const oldest of models.keys()) {
      if (models.size <= REMEMBERED) break;
      models.delete(oldest);
    }
  }

  for (const [key, value] of await loadFields(path, log)) {
    const model = modelSchema.safeParse(value);
    if (/^\d{1,15}$/.test(key) && model.success) remember(Number(key), model.data);
  }
  return {
    get: (id) => models.get(id),
    record(id, model) {
      remember(id, model);
      saver.save();
    },
    flush: () => saver.flush(),
  };
}
