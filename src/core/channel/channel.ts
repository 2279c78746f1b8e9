import type { MessagePort } from "node:worker_threads";
import { z } from "../zod.ts";
import { ChannelError } from "./errors.ts";
import { CHANNEL_VERSION } from "./protocol.ts";

const envelopeSchema = z.object({ v: z.literal(CHANNEL_VERSION), name: z.string(), data: z.looseObject({}) });

/** The part of a port or worker that a channel uses. */
export interface Line {
  postMessage(value: unknown, transfer?: readonly MessagePort[]): void;
  on(event: "message", listener: (value: unknown) => void): unknown;
}

/** What to do with each notice of a map; all of them, so that none is forgotten. */
export type Handlers<In> = { readonly [Name in keyof In]: (data: In[Name]) => void };

export interface Channel<Out> {
  /** Sends and forgets. A line whose other end is gone swallows it. */
  send<Name extends keyof Out & string>(name: Name, data: Out[Name], transfer?: readonly MessagePort[]): void;
}

/**
 * Typed notices over a port: `Out` is what this end says, `In` what it hears. A foreign version or an unknown name
 * goes to `onError` as `channel_protocol` and is not handled.
 */
export function openChannel<Out, In>(
  line: Line,
  handlers: Handlers<In>,
  onError: (error: ChannelError) => void,
): Channel<Out> {
  line.on("message", (value) => {
    const parsed = envelopeSchema.safeParse(value);
    const name = parsed.success ? parsed.data.name : undefined;
    if (!parsed.success || name === undefined || !Object.hasOwn(handlers, name)) {
      onError(
        new ChannelError(
          "channel_protocol",
          `A thread sent something that is no notice of version ${CHANNEL_VERSION}: rebuild the program.`,
          {
            details: { name },
          },
        ),
      );
      return;
    }
    handlers[name as keyof In](parsed.data.data as In[keyof In]);
  });
  return {
    send(name, data, transfer) {
      line.postMessage({ v: CHANNEL_VERSION, name, data }, transfer);
    },
  };
}
