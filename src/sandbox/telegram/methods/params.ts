import { z } from "../../../core/zod.ts";
import { CHAT_ACTIONS } from "../limits.ts";

/** Parameters as the Bot API takes them: in a form everything is text, so numbers, flags and objects may come as text. */

export const integer = z.preprocess(
  (value) => (typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value),
  z.number().int(),
);

export const flag = z.preprocess((value) => {
  if (value === 1 || value === "1" || value === "true" || value === "True") return true;
  if (value === 0 || value === "0" || value === "false" || value === "False") return false;
  return value;
}, z.boolean());

/** An object or a list, itself or as JSON text. */
export function json<S extends z.ZodType>(schema: S): z.ZodPreprocess<S> {
  return z.preprocess((value) => {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, schema);
}

export const chatId = z.union([z.number(), z.string().min(1)], { error: "chat_id is empty" });
export const parseMode = z.string().optional();

export const entities = json(
  z.array(
    z.object({
      type: z.string(),
      offset: z.number().int().nonnegative(),
      length: z.number().int().positive(),
      url: z.string().exactOptional(),
      language: z.string().exactOptional(),
      custom_emoji_id: z.string().exactOptional(),
    }),
  ),
).optional();

const button = z.looseObject({
  text: z.string(),
  callback_data: z.string().optional(),
  url: z.string().optional(),
});

export const replyMarkup = json(z.looseObject({ inline_keyboard: z.array(z.array(button)).optional() })).optional();

/** Where a message goes; shared by everything that sends. */
export const sending = {
  message_thread_id: integer.optional(),
  reply_parameters: json(
    z.looseObject({ message_id: integer, allow_sending_without_reply: flag.optional() }),
  ).optional(),
  reply_to_message_id: integer.optional(),
  allow_sending_without_reply: flag.optional(),
  reply_markup: replyMarkup,
};
const sendingSchema = z.object(sending);
export type Sending = z.output<typeof sendingSchema>;

export const captioned = { caption: z.string().optional(), parse_mode: parseMode, caption_entities: entities };
const captionedSchema = z.object(captioned);
export type Captioned = z.output<typeof captionedSchema>;

export const chatAction = z.enum(CHAT_ACTIONS, { error: "wrong parameter action in request" });
