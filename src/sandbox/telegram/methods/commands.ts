import { z } from "../../../core/zod.ts";
import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Command } from "./command-lists.ts";
import { method } from "./method.ts";
import type { Method } from "./method.ts";
import { json } from "./params.ts";

const list = {
  scope: json(z.looseObject({ type: z.string() })).optional(),
  language_code: z.string().optional(),
};
const commands = json(z.array(z.object({ command: z.string(), description: z.string() })));

/** setMyCommands and its kin: up to 100 commands a list, names of 1–32 characters of a–z, 0–9 and _. */
export const commandMethods: Readonly<Record<string, Method>> = {
  setMyCommands: method(z.looseObject({ ...list, commands }), (params, context) => {
    check(params.commands);
    context.commands.set(params.scope, params.language_code, params.commands);
    return true;
  }),
  getMyCommands: method(z.looseObject(list), (params, context) =>
    context.commands.get(params.scope, params.language_code),
  ),
  deleteMyCommands: method(z.looseObject(list), (params, context) => {
    context.commands.set(params.scope, params.language_code, []);
    return true;
  }),
};

function check(commands: readonly Command[]): void {
  if (commands.length > LIMITS.commands) throw badRequest("BOT_COMMANDS_TOO_MUCH");
  for (const { command, description } of commands) {
    if (!/^[a-z0-9_]{1,32}$/.test(command.replace(/^\//, ""))) throw badRequest("BOT_COMMAND_INVALID");
    if (description.trim() === "" || description.length > LIMITS.commandDescription) {
      throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
    }
  }
}
