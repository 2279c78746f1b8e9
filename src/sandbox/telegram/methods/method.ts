import { z } from "../../../core/zod.ts";
import type { Upload } from "../body.ts";
import { badRequest } from "../errors.ts";
import type { ApiError } from "../errors.ts";
import type { Params } from "../faults.ts";
import type { Files } from "../files.ts";
import type { Updates } from "../updates.ts";
import type { World } from "../world.ts";
import type { CommandLists } from "./command-lists.ts";
import { chatId } from "./params.ts";

/** What methods act upon. */
export interface Backend {
  readonly world: World;
  readonly updates: Updates;
  readonly files: Files;
  readonly commands: CommandLists;
  /** Ids of the button presses that the bot may answer. */
  readonly callbackQueries: Set<string>;
}

export interface CallContext extends Backend {
  readonly uploads: ReadonlyMap<string, Upload>;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** A call whose parameters are read, or whose `run` refuses them. */
export interface PreparedCall {
  readonly params: Params;
  /** The `result` of the answer. Throws ApiError. */
  readonly run: (context: CallContext) => unknown;
}

export type Method = (raw: Params) => PreparedCall;

/** A method by the schema of its parameters and its effect. */
export function method<S extends z.ZodType<Params>>(
  schema: S,
  run: (params: z.output<S>, context: CallContext) => unknown,
): Method {
  return (raw) => {
    const parsed = schema.safeParse(raw, { error: (issue) => `wrong parameter ${issue.path?.join(".")} in request` });
    if (parsed.success) return { params: parsed.data, run: (context) => run(parsed.data, context) };
    return refusing(raw, badRequest(parsed.error.issues[0]?.message ?? "wrong parameters in request"));
  };
}

/** A method of a chat, and there is one chat only. */
export function chatMethod<Shape extends z.ZodRawShape>(
  shape: Shape,
  run: (params: z.output<z.ZodObject<Shape>>, context: CallContext) => unknown,
): Method {
  const schema = z.looseObject({ ...shape, chat_id: chatId });
  return method(schema as z.ZodType<Params>, (params, context) => {
    if (String(params["chat_id"]) !== String(context.world.chat.id)) throw badRequest("chat not found");
    return run(params as z.output<z.ZodObject<Shape>>, context);
  });
}

export function refusing(raw: Params, error: ApiError): PreparedCall {
  return {
    params: raw,
    run: () => {
      throw error;
    },
  };
}
