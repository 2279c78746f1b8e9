import { z } from "../../../core/zod.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { method } from "./method.ts";
import type { Method } from "./method.ts";
import { flag, integer, json } from "./params.ts";

const allowed = json(z.array(z.string())).optional();

/** Ways to get updates. A webhook is remembered, and gets in the way of polling, but is never called. */
export const updateMethods: Readonly<Record<string, Method>> = {
  getUpdates: method(
    z.looseObject({
      offset: integer.optional(),
      limit: integer.optional(),
      timeout: integer.optional(),
      allowed_updates: allowed,
    }),
    (params, { updates, signal }) =>
      updates.poll(
        {
          offset: params.offset ?? 0,
          limit: clamp(params.limit ?? LIMITS.updatesPerPoll, 1, LIMITS.updatesPerPoll),
          timeoutSeconds: clamp(params.timeout ?? 0, 0, LIMITS.pollSeconds),
          allowed: params.allowed_updates,
        },
        signal,
      ),
  ),
  deleteWebhook: method(z.looseObject({ drop_pending_updates: flag.optional() }), (params, { updates }) => {
    updates.setWebhook("", params.drop_pending_updates ?? false);
    return true;
  }),
  setWebhook: method(
    z.looseObject({ url: z.string(), drop_pending_updates: flag.optional() }),
    (params, { updates }) => {
      if (params.url !== "" && !params.url.startsWith("https://")) {
        throw badRequest("bad webhook: An HTTPS URL must be provided for webhook");
      }
      updates.setWebhook(params.url, params.drop_pending_updates ?? false);
      return true;
    },
  ),
  getWebhookInfo: method(z.looseObject({}), (_params, { updates }) => ({
    url: updates.webhook,
    has_custom_certificate: false,
    pending_update_count: updates.pendingCount,
  })),
};

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
