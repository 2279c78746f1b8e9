import { z } from "./zod.ts";

/** What the supervisor hands a worker at its birth, beside its environment. */
export const workerDataSchema = z.object({
  name: z.enum(["telegram", "queue"]),
  /** Shared with the supervisor: see `beat`. */
  beat: z.instanceof(SharedArrayBuffer),
  /** Shared by all who publish into the queue: see `queue/sequence`. */
  sequence: z.instanceof(SharedArrayBuffer),
});
export type WorkerData = z.infer<typeof workerDataSchema>;
export type WorkerName = WorkerData["name"];
